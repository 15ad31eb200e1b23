// EXIF orientation of PNG and WebP, which browsers follow or not: it is hidden from them, and followed here. That of a
// JPEG all of them follow.

import { exifOf, type Header } from "./header";
import { blank, CHANNELS, type Picture } from "./pixels";

const NAME_AND_SIZE = 8;
const CHECKSUM = 4;

/** A file's bytes without what would make some browsers turn it. */
export function unturned(data: Uint8Array<ArrayBuffer>, header: Header): Blob {
  if (header.orientation === 1) return new Blob([data]);
  const exif = exifOf(data, header.format);
  const start = exif.byteOffset - data.byteOffset - NAME_AND_SIZE;
  const before = data.subarray(0, start);
  if (header.format === "PNG") return new Blob([before, data.subarray(start + NAME_AND_SIZE + exif.length + CHECKSUM)]);
  return new Blob([before, "SKIP", data.subarray(start + 4)]); // a WebP says how long it is, so its chunk only loses its name
}

/** The picture as its orientation (1–8) wants it seen. */
export function turn(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const isTransposed = orientation >= 5;
  const flipsRows = [3, 4, 7, 8].includes(orientation);
  const flipsColumns = [2, 3, 6, 7].includes(orientation);
  const [width, height] = isTransposed ? [picture.height, picture.width] : [picture.width, picture.height];
  const result = blank(width, height);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const y = flipsRows ? height - 1 - row : row;
    for (let column = 0; column < width; column++) {
      const x = flipsColumns ? width - 1 - column : column;
      const from = (isTransposed ? x * picture.width + y : y * picture.width + x) * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++) result.data[to++] = picture.data[from + channel]!;
    }
  }
  return result;
}
