// Pictures as plain RGB bytes, and what is done to them without arithmetic.

import type { Square } from "./squares";

/** RGB bytes, row by row, without padding. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export const CHANNELS = 3;

export function blank(width: number, height: number): Picture {
  return { width, height, data: new Uint8Array(width * height * CHANNELS) };
}

/** The pixels of a square region, as a copy. */
export function cut(picture: Picture, square: Square): Picture {
  const result = blank(square.side, square.side);
  const stride = square.side * CHANNELS;
  for (let row = 0; row < square.side; row++) {
    const start = ((square.top + row) * picture.width + square.left) * CHANNELS;
    result.data.set(picture.data.subarray(start, start + stride), row * stride);
  }
  return result;
}

/** The picture as in a mirror. */
export function mirror(picture: Picture): Picture {
  const { width, height, data } = picture;
  const result = blank(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * CHANNELS;
      const to = (row * width + width - 1 - column) * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++) result.data[to + channel] = data[from + channel]!;
    }
  }
  return result;
}
