// EXIF data are a small TIFF structure; only the orientation is of interest.

const ORIENTATION = 0x0112;
const SHORT = 3;

/** Orientation 1–8; 1 where there is none or it cannot be read. */
export function orientationOf(exif: Uint8Array<ArrayBuffer>): number {
  const isPrefixed = exif[0] === 0x45 && exif[4] === 0 && exif[5] === 0; // "Exif\0\0"
  const tiff = isPrefixed ? exif.subarray(6) : exif;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  try {
    const little = view.getUint8(0) === 0x49; // "I"
    const start = view.getUint32(4, little);
    const count = view.getUint16(start, little);
    for (let entry = start + 2; entry < start + 2 + 12 * count; entry += 12) {
      if (view.getUint16(entry, little) !== ORIENTATION) continue;
      const isShort = view.getUint16(entry + 2, little) === SHORT;
      const value = isShort ? view.getUint16(entry + 8, little) : view.getUint32(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}
