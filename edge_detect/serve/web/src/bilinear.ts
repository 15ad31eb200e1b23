// `cv2.resize` with INTER_LINEAR for bytes: weights in 1/2048, and the same truncations on the way.

import { blank, CHANNELS, type Picture } from "./pixels";
import { rint } from "./rounding";

const { fround } = Math;
const ONE = 2048;

/** For each new pixel of a row or column, the old one before it and the weights of that and the next. */
interface Places {
  readonly first: Int32Array;
  readonly near: Int32Array;
  readonly far: Int32Array;
}

/** isRow: OpenCV pulls places beyond the edge onto it along rows; down columns it reads the edge twice instead. */
function placesOf(from: number, to: number, isRow: boolean): Places {
  const scale = 1 / (to / from);
  const first = new Int32Array(to);
  const near = new Int32Array(to);
  const far = new Int32Array(to);
  for (let i = 0; i < to; i++) {
    const place = fround((i + 0.5) * scale - 0.5);
    first[i] = Math.floor(place);
    let share = fround(place - first[i]!);
    if (isRow && (first[i]! < 0 || first[i]! >= from - 1)) {
      first[i] = first[i]! < 0 ? 0 : from - 1;
      share = 0;
    }
    near[i] = rint(fround(fround(1 - share) * ONE));
    far[i] = rint(fround(share * ONE));
  }
  return { first, near, far };
}

/** One row of the picture at its new width, times ONE. */
function stretch(picture: Picture, row: number, across: Places, into: Int32Array): void {
  const start = row * picture.width * CHANNELS;
  let at = 0;
  for (let i = 0; i < across.first.length; i++) {
    const one = start + across.first[i]! * CHANNELS;
    const two = start + Math.min(across.first[i]! + 1, picture.width - 1) * CHANNELS;
    for (let channel = 0; channel < CHANNELS; channel++) {
      into[at++] = picture.data[one + channel]! * across.near[i]! + picture.data[two + channel]! * across.far[i]!;
    }
  }
}

/** The picture with new sides, each new pixel a mixture of the four old ones around its place. */
export function resizeLinear(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const across = placesOf(picture.width, width, true);
  const down = placesOf(picture.height, height, false);
  const result = blank(width, height);
  const stride = width * CHANNELS;
  const upper = new Int32Array(stride);
  const lower = new Int32Array(stride);
  const within = (row: number) => Math.min(Math.max(row, 0), picture.height - 1);
  let stretched = -3; // the row in `upper`: none yet, and no place lies that far out
  for (let row = 0; row < height; row++) {
    const first = down.first[row]!;
    if (first !== stretched) {
      if (first === stretched + 1) upper.set(lower);
      else stretch(picture, within(first), across, upper);
      stretch(picture, within(first + 1), across, lower);
      stretched = first;
    }
    const near = down.near[row]!;
    const far = down.far[row]!;
    for (let i = 0; i < stride; i++) {
      // The parts of 2048² are cut off in two steps, as the 16-bit instructions that OpenCV uses do.
      const sum = ((near * (upper[i]! >> 4)) >> 16) + ((far * (lower[i]! >> 4)) >> 16);
      result.data[row * stride + i] = (sum + 2) >> 2;
    }
  }
  return result;
}
