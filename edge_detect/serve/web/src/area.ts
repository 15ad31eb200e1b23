// `cv2.resize` with INTER_AREA, step by step in the same precision, so that the same bytes come out.

import { blank, CHANNELS, type Picture } from "./pixels";
import { rint } from "./rounding";

const { fround } = Math;

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

/** Which source pixels a row of result pixels is made of, and with what weights. */
interface Shares {
  readonly target: Int32Array;
  readonly source: Int32Array;
  readonly weight: Float32Array;
}

function sharesOf(from: number, to: number, scale: number): Shares {
  const rows: [number, number, number][] = [];
  for (let target = 0; target < to; target++) {
    const start = target * scale;
    const end = start + scale;
    const span = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) rows.push([target, first - 1, (first - start) / span]);
    for (let source = first; source < last; source++) rows.push([target, source, 1 / span]);
    if (end - last > 1e-3) rows.push([target, last, Math.min(end - last, 1, span) / span]);
  }
  return {
    target: Int32Array.from(rows, ([target]) => target),
    source: Int32Array.from(rows, ([, source]) => source),
    weight: Float32Array.from(rows, ([, , weight]) => weight),
  };
}

/** Means of areas whose edges lie within pixels: float32 sums along rows, then down columns. */
function averageAreas(picture: Picture, width: number, height: number, scaleX: number, scaleY: number): Picture {
  const { data } = picture;
  const across = sharesOf(picture.width, width, scaleX);
  const down = sharesOf(picture.height, height, scaleY);
  const result = blank(width, height);
  const stride = width * CHANNELS;
  const line = new Float32Array(stride);
  const sum = new Float32Array(stride);
  const finish = (row: number) => {
    for (let i = 0; i < stride; i++) result.data[row * stride + i] = rint(sum[i]!);
  };
  let current = 0;
  for (let j = 0; j < down.target.length; j++) {
    line.fill(0);
    const start = down.source[j]! * picture.width * CHANNELS;
    for (let k = 0; k < across.target.length; k++) {
      const to = across.target[k]! * CHANNELS;
      const from = start + across.source[k]! * CHANNELS;
      const weight = across.weight[k]!;
      line[to] = fround(line[to]! + fround(data[from]! * weight));
      line[to + 1] = fround(line[to + 1]! + fround(data[from + 1]! * weight));
      line[to + 2] = fround(line[to + 2]! + fround(data[from + 2]! * weight));
    }
    const weight = down.weight[j]!;
    if (down.target[j] !== current) {
      finish(current);
      current = down.target[j]!;
      sum.fill(0);
    }
    for (let i = 0; i < stride; i++) sum[i] = fround(sum[i]! + fround(weight * line[i]!));
  }
  finish(current);
  return result;
}
