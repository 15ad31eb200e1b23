// Where the classifier looks: the crop rule of `edge_detect/image.py`.

import { rint } from "./rounding";

/** A square region in pixels. */
export interface Square {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** A rectangle in pixels: x0 y0 x1 y1, the last two exclusive. */
export type Box = readonly [number, number, number, number];

/** Side of a face crop over the longer side of its box. */
export const CROP_MARGIN = 1.4;

/** The longer side of a box. */
export function sizeOf([x0, y0, x1, y1]: Box): number {
  return Math.max(x1 - x0, y1 - y0);
}

/** The square around a face, shifted to stay inside the picture. */
export function faceSquare(box: Box, width: number, height: number): Square {
  const [x0, y0, x1, y1] = box;
  const side = Math.max(1, Math.min(rint(CROP_MARGIN * sizeOf(box)), width, height));
  const within = (start: number, length: number) => Math.min(Math.max(rint(start), 0), length - side);
  return { left: within((x0 + x1 - side) / 2, width), top: within((y0 + y1 - side) / 2, height), side };
}
