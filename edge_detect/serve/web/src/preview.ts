// A picture small enough for a screen, made from the very pixels that were scored.

import { CHANNELS, type Picture } from "./pixels";

const LONGEST = 896; // of a card on a screen with two pixels a point

/** A JPEG of a picture with sides of at most LONGEST pixels: of hundreds of bitmaps, the tab would die. */
export async function previewOf({ width, height, data }: Picture): Promise<Blob> {
  // Thinned before the browser smooths it: RGBA of all pixels of a very large picture would not fit into memory.
  const step = Math.max(1, Math.floor(Math.max(width, height) / (2 * LONGEST)));
  const thin = new ImageData(Math.ceil(width / step), Math.ceil(height / step));
  let to = 0;
  for (let row = 0; row < height; row += step) {
    for (let column = 0; column < width; column += step) {
      const from = (row * width + column) * CHANNELS;
      thin.data.set([data[from]!, data[from + 1]!, data[from + 2]!, 255], to);
      to += 4;
    }
  }
  const scale = Math.min(1, LONGEST / Math.max(thin.width, thin.height));
  const small = await createImageBitmap(thin, {
    resizeWidth: Math.max(1, Math.round(thin.width * scale)),
    resizeHeight: Math.max(1, Math.round(thin.height * scale)),
    resizeQuality: "medium",
  });
  const canvas = new OffscreenCanvas(small.width, small.height);
  canvas.getContext("2d")?.drawImage(small, 0, 0);
  small.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}
