// Where the faces are: the search, the decoding of its outputs and the suppression of `edge_detect/faces.py`.

import { ModelError } from "./errors";
import type { Network, Outputs } from "./network";
import { mirror, type Picture } from "./pixels";
import { letterbox } from "./resize";
import type { Box } from "./squares";

/** A face's box, and how sure the finder is (0–1). */
export interface Found {
  readonly box: Box;
  readonly score: number;
}

const STRIDE = 8;
const OVERLAP = 0.4;
const FAINTEST = Math.log(0.05 / 0.95);
const VOTERS = 3;
const AROUND = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => [row, column] as const)).filter(([r, c]) => r || c);
const { fround } = Math;

/** Faces in a picture, in its pixels, surest first. */
export async function findFaces(finder: Network, picture: Picture): Promise<Found[]> {
  const { frame, scale } = letterbox(picture, finder.card.input_side);
  const one = await finder.run(frame);
  const two = await finder.run(mirror(frame));
  const side = Math.floor(finder.card.input_side / STRIDE);
  const by = fround(scale); // as numpy divides float32
  const found = decode(merge(one, two, side), side, finder.card.thresholds.face).map(({ box, score }) => ({
    box: box.map((value) => fround(value / by)) as unknown as Box,
    score,
  }));
  const clip = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  return suppress(found).map(({ box: [x0, y0, x1, y1], score }) => ({
    box: [clip(x0, picture.width), clip(y0, picture.height), clip(x1, picture.width), clip(y1, picture.height)],
    score,
  }));
}

/** The mean of what was said of a frame and of its mirror image, turned back. */
export function merge(one: Outputs, two: Outputs, side: number): Outputs {
  return Object.fromEntries(
    Object.entries(one).map(([name, values]) => {
      const depth = values.length / side ** 2;
      const mean = values.map((value, index) => {
        const channel = index % depth;
        const column = Math.floor(index / depth) % side;
        const mirrored = two[name]![index + (side - 1 - 2 * column) * depth]!;
        return fround(fround(value + (name === "offset" && channel === 0 ? -mirrored : mirrored)) / 2);
      });
      return [name, mean];
    }),
  );
}

/** Boxes in pixels of the finder's input, from outputs on a grid of side × side cells. */
export function decode(outputs: Outputs, side: number, threshold: number): Found[] {
  const heat = outputs["heat"];
  const size = outputs["size"];
  const offset = outputs["offset"];
  if (heat?.length !== side ** 2 || size?.length !== 2 * side ** 2 || offset?.length !== size.length) {
    throw new ModelError("the finder's outputs do not have the shapes of heat, size and offset; build the page again");
  }
  if (![heat, size, offset].every((values) => values.every(Number.isFinite))) {
    throw new ModelError("the finder answers nonsense (not a number)");
  }
  const boxOf = (row: number, column: number): Box => {
    const at = 2 * (row * side + column);
    const centre = [column + 0.5 + offset[at]!, row + 0.5 + offset[at + 1]!] as const;
    const half = [at, at + 1].map((index) => fround(2 ** Math.min(Math.max(size[index]!, -2), 8)) / 2) as [number, number];
    return [
      fround(STRIDE * (centre[0] - half[0])),
      fround(STRIDE * (centre[1] - half[1])),
      fround(STRIDE * (centre[0] + half[0])),
      fround(STRIDE * (centre[1] + half[1])),
    ];
  };
  const found: Found[] = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const logit = heat[row * side + column]!;
      if (logit < FAINTEST) continue;
      const near = AROUND.map(([down, right]) => [row + down, column + right] as const).filter(
        ([r, c]) => r >= 0 && r < side && c >= 0 && c < side,
      );
      const logits = near.map(([r, c]) => heat[r * side + c]!).sort((a, b) => b - a);
      if (logits[0]! > logit) continue;
      const box = boxOf(row, column);
      const agreement = near.reduce((sum, [r, c]) => sum + overlap(box, boxOf(r, c)), 0) / near.length;
      const voters = logits.slice(0, VOTERS).reduce((sum, value) => sum + value, 0) / VOTERS;
      const score = agreement / (1 + Math.exp(-(2 * logit + voters) / 3));
      if (fround(score) >= fround(threshold)) found.push({ box, score: fround(score) });
    }
  }
  return found;
}

/** What remains, surest first, when each box removes those it overlaps too much. */
export function suppress(found: readonly Found[]): Found[] {
  const kept: Found[] = [];
  for (const candidate of [...found].sort((a, b) => b.score - a.score)) {
    if (kept.every(({ box }) => overlap(box, candidate.box) <= OVERLAP)) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union. */
function overlap(one: Box, two: Box): number {
  const side = (low: 0 | 1) => Math.max(0, Math.min(one[low + 2]!, two[low + 2]!) - Math.max(one[low]!, two[low]!));
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  const shared = side(0) * side(1);
  return shared / Math.max(area(one) + area(two) - shared, 1e-9);
}
