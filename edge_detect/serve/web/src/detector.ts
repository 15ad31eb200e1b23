// From a decoded picture to scored faces: find, crop, classify, calibrate. The walk of `edge_detect/detector.py`.

import type { Card } from "./card";
import { ModelError } from "./errors";
import { findFaces } from "./finder";
import type { Engine, Network, Outputs } from "./network";
import { cut, mirror, type Picture } from "./pixels";
import type { Face } from "./record";
import { resizeSquare } from "./resize";
import { faceSquare, type Box, type Square } from "./squares";

/** A face, the square that the classifier saw, and what each part of that says (patch logits, row by row). */
export interface Inspected extends Face {
  readonly square: Square;
  readonly patches: Float32Array;
}

/** The faces of a picture, in its own pixels, surest first. */
export async function inspect(engine: Engine, picture: Picture): Promise<Inspected[]> {
  const faces: Inspected[] = [];
  for (const { box, score: confidence } of await findFaces(engine.finder, picture)) {
    faces.push({ box, confidence, ...(await classify(engine.classifier, picture, box)) });
  }
  return faces;
}

/** What the classifier says of the face in a box. */
export async function classify(classifier: Network, picture: Picture, box: Box) {
  const { card } = classifier;
  const square = faceSquare(box, picture.width, picture.height);
  const crop = resizeSquare(cut(picture, square), card.input_side);
  const one = await classifier.run(crop);
  if (!card.mirrored) return { square, score: probability(logitOf(one, card), card), patches: patchesOf(one) };
  const two = await classifier.run(mirror(crop));
  const logit = (logitOf(one, card) + logitOf(two, card)) / 2;
  return { square, score: probability(logit, card), patches: meanOfMirrored(patchesOf(one), patchesOf(two)) };
}

function logitOf(outputs: Outputs, card: Card): number {
  const logit = outputs[card.output]?.[0];
  if (logit === undefined || !Number.isFinite(logit)) {
    throw new ModelError(`the model ${card.name} answers ${logit}: it is damaged; build the page again`);
  }
  return logit;
}

function patchesOf(outputs: Outputs): Float32Array {
  return outputs["patches"] ?? new Float32Array();
}

/** The mean of a square map and of that of the mirror image, turned back. */
function meanOfMirrored(one: Float32Array, two: Float32Array): Float32Array {
  const side = Math.round(Math.sqrt(one.length));
  return one.map((value, index) => (value + two[index + side - 1 - 2 * (index % side)]!) / 2);
}

/** The calibrated probability (0–1) of fake for a logit. */
export function probability(logit: number, card: Card): number {
  const z = card.calibration.scale * logit + card.calibration.bias;
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}
