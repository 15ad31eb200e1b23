// `cv2.resize` with INTER_AREA, step by step in the same precision, so that the same bytes come out.

import { blank, CHANNELS, type Picture } from "./pixels";
import { rint } from "./rounding";

const { fround } = Math;
/** Shares of pixels below this are left out. */
const SLIVER = 1e-3;

/** The picture with sides at most as long as before, each new pixel the mean of the area it covers. */
export function resizeArea(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  // OpenCV divides twice, and so do we: 1 / (new / old) is not always old / new.
  const scaleX = 1 / (width / picture.width);
  const scaleY = 1 / (height / picture.height);
  const isWhole = (scale: number) => Math.abs(scale - rint(scale)) < Number.EPSILON;
  return isWhole(scaleX) && isWhole(scaleY)
    ? averageBlocks(picture, width, height, rint(scaleX), rint(scaleY))
    : averageAreas(picture, width, height, scaleX, scaleY);
}

/** Means of whole blocks: integer sums, times a float32 factor. */
function averageBlocks(picture: Picture, width: number, height: number, blockX: number, blockY: number): Picture {
  const { data } = picture;
  const result = blank(width, height);
  const stride = picture.width * CHANNELS;
  const factor = fround(1 / (blockX * blockY));
  const isQuarter = blockX === 2 && blockY === 2;
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const corner = row * blockY * stride + column * blockX * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 0;
        for (let y = 0; y < blockY; y++) {
          const start = corner + y * stride + channel;
          for (let x = 0; x < blockX; x++) sum += data[start + x * CHANNELS]!;
        }
        result.data[at++] = isQuarter ? (sum + 2) >> 2 : rint(fround(sum * factor));
      }
    }
  }
  return result;
}

/** Which old pixels each new one along a row or column is made of: those from `first[i]` on, with a run of weights. */
interface Shares {
  readonly first: Int32Array;
  /** Where the weights of each new pixel begin; one more than there are pixels. */
  readonly start: Int32Array;
  readonly weight: Float32Array;
}

function sharesOf(from: number, to: number, scale: number): Shares {
  const first = new Int32Array(to);
  const start = new Int32Array(to + 1);
  const weights: number[] = [];
  for (let i = 0; i < to; i++) {
    const begin = i * scale;
    const end = begin + scale;
    const span = Math.min(scale, from - begin);
    const lastWhole = Math.min(Math.floor(end), from - 1);
    const firstWhole = Math.min(Math.ceil(begin), lastWhole);
    const hasHead = firstWhole - begin > SLIVER;
    first[i] = hasHead ? firstWhole - 1 : firstWhole;
    if (hasHead) weights.push((firstWhole - begin) / span);
    for (let whole = firstWhole; whole < lastWhole; whole++) weights.push(1 / span);
    if (end - lastWhole > SLIVER) weights.push(Math.min(end - lastWhole, 1, span) / span);
    start[i + 1] = weights.length;
  }
  return { first, start, weight: Float32Array.from(weights) };
}

/** Means of areas whose edges lie within pixels: float32 sums along rows, then down columns, in OpenCV's order. */
function averageAreas(picture: Picture, width: number, height: number, scaleX: number, scaleY: number): Picture {
  const across = sharesOf(picture.width, width, scaleX);
  const down = sharesOf(picture.height, height, scaleY);
  const result = blank(width, height);
  const stride = width * CHANNELS;
  const line = new Float32Array(stride);
  const sum = new Float32Array(stride);
  let averaged = -1; // the row of the picture that is in `line`: two new rows share one where they meet
  for (let row = 0; row < height; row++) {
    sum.fill(0);
    for (let at = down.start[row]!, from = down.first[row]!; at < down.start[row + 1]!; at++, from++) {
      if (from !== averaged) averageRow(picture, from, across, line);
      averaged = from;
      const weight = down.weight[at]!;
      for (let i = 0; i < stride; i++) sum[i] = fround(sum[i]! + fround(weight * line[i]!));
    }
    for (let i = 0; i < stride; i++) result.data[row * stride + i] = rint(sum[i]!);
  }
  return result;
}

/** The means of one row of a picture. */
function averageRow({ width, data }: Picture, row: number, { first, start, weight }: Shares, into: Float32Array): void {
  for (let i = 0; i < first.length; i++) {
    let from = (row * width + first[i]!) * CHANNELS;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let at = start[i]!; at < start[i + 1]!; at++, from += CHANNELS) {
      const share = weight[at]!;
      red = fround(red + fround(data[from]! * share));
      green = fround(green + fround(data[from + 1]! * share));
      blue = fround(blue + fround(data[from + 2]! * share));
    }
    into[i * CHANNELS] = red;
    into[i * CHANNELS + 1] = green;
    into[i * CHANNELS + 2] = blue;
  }
}
