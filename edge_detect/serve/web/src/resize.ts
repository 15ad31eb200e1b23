// Resizing by the rules of `edge_detect/image.py` and `faces.py`: area averaging down, bilinear up, nothing where it fits.

import { resizeArea } from "./area";
import { resizeLinear } from "./bilinear";
import { blank, CHANNELS, type Picture } from "./pixels";
import { rint } from "./rounding";

/** A square picture at side × side pixels: area averaging down, bilinear up. */
export function resizeSquare(picture: Picture, side: number): Picture {
  if (picture.width === side && picture.height === side) return picture;
  return picture.height > side ? resizeArea(picture, side, side) : resizeLinear(picture, side, side);
}

/** The picture scaled so that its longer side is `side`, on a black square; and that scale. */
export function letterbox(picture: Picture, side: number): { frame: Picture; scale: number } {
  const scale = side / Math.max(picture.width, picture.height);
  const width = Math.max(1, rint(picture.width * scale));
  const height = Math.max(1, rint(picture.height * scale));
  const resized = scale < 1 ? resizeArea(picture, width, height) : resizeLinear(picture, width, height);
  const frame = blank(side, side);
  for (let row = 0; row < height; row++) {
    const start = row * width * CHANNELS;
    frame.data.set(resized.data.subarray(start, start + width * CHANNELS), row * side * CHANNELS);
  }
  return { frame, scale };
}
