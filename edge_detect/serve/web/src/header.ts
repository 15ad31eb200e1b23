// What an encoded picture is, read from its first bytes before it is decoded: the checks of `edge_detect/header.py`, with
// the same words. Browsers show half a JPEG without complaint, and would accept kinds of files that Python refuses.

import { PictureError } from "./errors";
import { orientationOf } from "./exif";

/** Format, and width and height in pixels before any EXIF rotation; orientation is 1–8, read for PNG and WebP only. */
export interface Header {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
}

/** JPEG markers that no length follows: those that decoders skip, and the beginning and the end of a picture. */
const ALONE = [0x01, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7];
const ENDS = [0xd8, 0xd9];
/** Scans of a JPEG: encoders write ten or so, and each costs a decoder a walk over all pixels, however short it is. */
const MAX_SCANS = 100;
/** Segments before a JPEG's first scan, and behind it: scans, and a few tables for each. */
const MAX_SEGMENTS = 1000;

type Bytes = Uint8Array<ArrayBuffer>;

const SUPPORTED = "JPEG, PNG, WebP, BMP and TIFF";
const OTHERS: readonly [number, string, string][] = [
  [0, "GIF8", "a GIF"],
  [4, "ftypavi", "an AVIF picture"],
  [4, "ftyphe", "a HEIC picture"],
  [4, "ftypmif1", "a HEIC picture"],
  [4, "ftypmsf1", "a HEIC picture"],
  [4, "ftyp", "a video"],
  [0, "\x1aE\xdf\xa3", "a video"],
  [0, "RIFF", "a RIFF file (sound or video)"],
  [0, "%PDF", "a PDF document"],
  [0, "8BPS", "a Photoshop document"],
  [0, "\xff\x0a", "a JPEG XL picture"],
  [0, "\x00\x00\x00\x0cJXL ", "a JPEG XL picture"],
  [0, "\x00\x00\x00\x0cjP", "a JPEG 2000 picture"],
];
const HEAD = 32;
const READERS: readonly [RegExp, (data: Bytes, view: DataView) => Header][] = [
  [/^\xff\xd8\xff/, readJpeg],
  [/^\x89PNG\r\n\x1a\n/, readPng],
  [/^RIFF.{4}WEBP/s, readWebp],
  [/^BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0{3}/s, readBmp],
  [/^(II\*\0|MM\0\*)/, readTiff],
];

/** The header of an encoded picture. Throws PictureError when it is empty, of no supported kind, or cut short. */
export function readHeader(data: Bytes): Header {
  if (data.length === 0) throw new PictureError("the file is empty");
  const start = String.fromCharCode(...data.subarray(0, HEAD));
  const reader = READERS.find(([form]) => form.test(start))?.[1];
  if (!reader) {
    const other = OTHERS.find(([offset, magic]) => startsWith(data, magic, offset));
    if (other) throw new PictureError(`this is ${other[2]}; convert it to JPEG or PNG`);
    throw new PictureError(`not a picture of a supported kind (${SUPPORTED})`);
  }
  let header: Header;
  try {
    header = reader(data, new DataView(data.buffer, data.byteOffset, data.byteLength));
  } catch (error) {
    if (error instanceof RangeError) throw new PictureError("the file ends inside its header; copy it again");
    throw error;
  }
  if (header.width < 1 || header.height < 1) {
    throw new PictureError(`the ${header.format} header is damaged: it gives no picture size`);
  }
  return header;
}

function plain(format: string, width: number, height: number, orientation = 1): Header {
  return { format, width, height, orientation };
}

/** Walk the segments to the first scan, then look for the end marker behind it. */
function readJpeg(data: Bytes, view: DataView): Header {
  let width = 0;
  let height = 0;
  let at = 2;
  let marker = 0;
  for (let segments = 0; marker !== 0xda; segments++) {
    if (segments === MAX_SEGMENTS) {
      throw new PictureError(`the JPEG has more than ${MAX_SEGMENTS} segments before the picture begins`);
    }
    at = data.indexOf(0xff, at);
    while (at >= 0 && [0x00, 0xff].includes(view.getUint8(at + 1))) at = data.indexOf(0xff, at + 1);
    if (at < 0) throw new RangeError();
    marker = view.getUint8(at + 1);
    if (ALONE.includes(marker)) {
      at += 2;
      continue;
    }
    if (ENDS.includes(marker)) throw new PictureError("the JPEG header is damaged: it ends before the picture begins");
    const length = view.getUint16(at + 2);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      height = view.getUint16(at + 5);
      width = view.getUint16(at + 7);
    }
    at += 2 + length;
  }
  if (find(data, "\xff\xd9", at) < 0) throw new PictureError("the JPEG data is truncated; copy the file again");
  checkScans(data, at);
  return plain("JPEG", width, height);
}

/** Throw PictureError when a JPEG has too many scans, or segments; at: where the data of the first scan begins. */
function checkScans(data: Bytes, at: number): void {
  let scans = 1;
  let segments = 0;
  for (let found = nextMarker(data, at); found >= 0; found = nextMarker(data, at)) {
    const marker = data[found + 1]!;
    if (ENDS.includes(marker)) return;
    if (marker === 0xda) scans++;
    segments++;
    if (scans > MAX_SCANS || segments > MAX_SEGMENTS) {
      const what = scans > MAX_SCANS ? `${MAX_SCANS} scans` : `${MAX_SEGMENTS} segments behind the first scan`;
      throw new PictureError(`the JPEG has more than ${what}; save it anew with another program`);
    }
    at = found + 2 + (((data[found + 2] ?? 0) << 8) | (data[found + 3] ?? 0));
  }
}

/** Where what may begin a segment between a JPEG's scans, or be its end, is next; decoders pass over all others. */
function nextMarker(data: Bytes, from: number): number {
  for (let at = data.indexOf(0xff, from); at >= 0; at = data.indexOf(0xff, at + 1)) {
    const marker = data[at + 1] ?? 0;
    if ((marker >= 0xc0 && marker <= 0xcf) || (marker >= 0xd8 && marker <= 0xfe)) return at;
  }
  return -1;
}

function readPng(data: Bytes, view: DataView): Header {
  view.getUint8(25); // throws where the header is cut short
  if (findLast(data, "IEND") < 0) throw new PictureError("the PNG data is truncated; copy the file again");
  return plain("PNG", view.getUint32(16), view.getUint32(20), orientationOf(exifOf(data, "PNG")));
}

function readWebp(data: Bytes, view: DataView): Header {
  const size = view.getUint32(4, true);
  if (data.length < size + 8) throw new PictureError("the WebP data is truncated; copy the file again");
  if (startsWith(data, "VP8X", 12)) {
    const side = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
    return plain("WebP", side(24), side(27), orientationOf(exifOf(data, "WebP")));
  }
  if (startsWith(data, "VP8L", 12)) {
    const bits = view.getUint32(21, true);
    return plain("WebP", (bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
  }
  return plain("WebP", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
}

function readBmp(data: Bytes, view: DataView): Header {
  const offset = view.getUint32(10, true);
  const isOld = view.getUint32(14, true) === 12;
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = Math.abs(isOld ? view.getUint16(20, true) : view.getInt32(22, true)); // negative: stored top-down
  const depth = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? 0 : view.getUint32(30, true);
  const stride = Math.floor((width * depth + 31) / 32) * 4;
  if ([0, 3].includes(compression) && data.length < offset + stride * height) {
    throw new PictureError("the BMP data is truncated; copy the file again");
  }
  return plain("BMP", width, height);
}

/** No browser of note decodes TIFF, so nothing more is looked up in one. */
function readTiff(): Header {
  throw new PictureError("browsers cannot decode TIFF; convert it to PNG, or use `edge-detect scan`");
}

/** The EXIF data of a PNG or WebP, or nothing; a part of the given bytes. */
export function exifOf(data: Bytes, format: string): Bytes {
  const isPng = format === "PNG";
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = isPng ? 8 : 12;
  while (at + 8 <= data.length) {
    const size = view.getUint32(isPng ? at : at + 4, !isPng);
    if (isPng ? startsWith(data, "eXIf", at + 4) : startsWith(data, "EXIF", at)) return data.subarray(at + 8, at + 8 + size);
    at += isPng ? size + 12 : 8 + size + (size % 2);
  }
  return data.subarray(0, 0);
}

function startsWith(data: Bytes, text: string, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (data[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function find(data: Bytes, text: string, from: number): number {
  for (let at = data.indexOf(text.charCodeAt(0), from); at >= 0; at = data.indexOf(text.charCodeAt(0), at + 1)) {
    if (startsWith(data, text, at)) return at;
  }
  return -1;
}

function findLast(data: Bytes, text: string): number {
  let at = data.length - text.length;
  while (at >= 0 && !startsWith(data, text, at)) at--;
  return at;
}
