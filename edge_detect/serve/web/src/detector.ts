// From a decoded picture to scored faces: find, crop, classify, calibrate. The walk of `edge_detect/detector.py`.

import type { Card } from "./card";
import { ModelError } from "./errors";
import { findFaces } from "./finder";
import type { Engine, Network } from "./network";
import { cut, type Picture } from "./pixels";
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
  const outputs = await classifier.run(resizeSquare(cut(picture, square), card.input_side));
  const logit = outputs[card.output]?.[0];
  if (logit === undefined || !Number.isFinite(logit)) {
    throw new ModelError(`the model ${card.name} answers ${logit}: it is damaged; build the page again`);
  }
  return { square, score: probability(logit, card), patches: outputs["patches"] ?? new Float32Array() };
}

/** The calibrated probability (0–1) of fake for a logit. */
export function probability(logit: number, card: Card): number {
  return 1 / (1 + Math.exp(-(card.calibration.scale * logit + card.calibration.bias)));
}
