// From a file's bytes to upright RGB pixels, by the rules of `edge_detect/image.py`.

import { PictureError } from "./errors";
import { readHeader, type Header } from "./header";
import { turn, unturned } from "./orientation";
import { blank, CHANNELS, type Picture } from "./pixels";

/** Upright pixels, perhaps fewer than the upright original's width × height. */
export interface Decoded {
  readonly pixels: Picture;
  readonly width: number;
  readonly height: number;
}

const MAX_PIXELS = 200_000_000;
const SCALES = [8, 4, 2, 1];
const STRIP_PIXELS = 1 << 22;

/** Decode a picture. A JPEG is reduced to 1/2, 1/4 or 1/8 while `longer` pixels remain along its longer side. */
export async function decode(data: Uint8Array<ArrayBuffer>, longer: number): Promise<Decoded> {
  const header = readHeader(data);
  if (header.width * header.height > MAX_PIXELS) {
    throw new PictureError(
      `${header.width}×${header.height} pixels are more than the limit of ${MAX_PIXELS / 10 ** 6} megapixels; ` +
        "scale the picture down first",
    );
  }
  const bitmap = await toBitmap(data, header);
  try {
    const sides = [bitmap.width, bitmap.height];
    if (![`${sides}`, `${sides.reverse()}`].includes(`${[header.width, header.height]}`)) {
      throw new PictureError(`the ${header.format} header is damaged: it gives another size than the picture has`);
    }
    const scale = scaleOf(header, longer);
    const pixels = turn(await readPixels(bitmap, scale), header.orientation);
    // Only a JPEG is reduced, and of that the browser gives the upright sides.
    return { pixels, width: scale === 1 ? pixels.width : bitmap.width, height: scale === 1 ? pixels.height : bitmap.height };
  } finally {
    bitmap.close();
  }
}

/** The pixels of a frame that a camera gave. */
export async function fromFrame(frame: ImageBitmap): Promise<Picture> {
  return readPixels(frame, 1);
}

function scaleOf(header: Header, longer: number): number {
  if (header.format !== "JPEG") return 1;
  return SCALES.find((scale) => scale === 1 || Math.max(header.width, header.height) / scale >= longer)!;
}

/** Colours stay the numbers that are in the file, and transparent ones are not multiplied: both as OpenCV has it. */
async function toBitmap(data: Uint8Array<ArrayBuffer>, header: Header): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(unturned(data, header), {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
      imageOrientation: "from-image",
    });
  } catch (error) {
    throw new PictureError(`the ${header.format} data is damaged and cannot be decoded`, { cause: error });
  }
}

/** Read a bitmap strip by strip, so that a large one is in memory only once, and average blocks of scale × scale. */
async function readPixels(bitmap: ImageBitmap, scale: number): Promise<Picture> {
  const result = blank(Math.ceil(bitmap.width / scale), Math.ceil(bitmap.height / scale));
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / bitmap.width / scale)) * scale;
  const canvas = new OffscreenCanvas(bitmap.width, Math.min(rows, bitmap.height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new PictureError("this browser gives no memory for a picture of this size; scale it down");
  for (let top = 0; top < bitmap.height; top += rows) {
    const height = Math.min(rows, bitmap.height - top);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, -top);
    const strip = context.getImageData(0, 0, bitmap.width, height).data;
    if (scale === 1) layOverWhite(strip, result.data, top * bitmap.width * CHANNELS);
    else reduce(strip, bitmap.width, height, scale, result, top / scale);
  }
  return result;
}

/** RGBA to RGB: transparent pixels over white, in integers. */
function layOverWhite(rgba: Uint8ClampedArray, rgb: Uint8Array, at: number): void {
  for (let from = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3]!;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const value = rgba[from + channel]!;
      rgb[at++] = alpha === 255 ? value : Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

/** Means of blocks of an opaque strip; those at the right and lower edge may be of fewer pixels. */
function reduce(rgba: Uint8ClampedArray, width: number, height: number, scale: number, into: Picture, row: number): void {
  let at = row * into.width * CHANNELS;
  for (let top = 0; top < height; top += scale) {
    const bottom = Math.min(top + scale, height);
    for (let left = 0; left < width; left += scale) {
      const right = Math.min(left + scale, width);
      const count = (bottom - top) * (right - left);
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 0;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) sum += rgba[(y * width + x) * 4 + channel]!;
        }
        into.data[at++] = Math.floor((sum + count / 2) / count);
      }
    }
  }
}
