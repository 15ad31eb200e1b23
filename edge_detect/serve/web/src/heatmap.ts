// Where a face speaks for fake, and where for real: the classifier's patch logits over the crops they were made from.

import type { Heat } from "./protocol";

const LONGEST = 640;
const FAKE = [232, 89, 12] as const;
const REAL = [25, 113, 194] as const;
const OPACITY = 0.7;

/** Paint the heat of a picture's faces; width and height are the picture's. */
export function paint(canvas: HTMLCanvasElement, heats: readonly Heat[], width: number, height: number): void {
  const scale = LONGEST / Math.max(width, height, 1);
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  if (!context) return;
  context.imageSmoothingQuality = "high";
  for (const { square, shares } of heats) {
    if (shares.length === 0) continue;
    context.drawImage(grid(shares), square.left * scale, square.top * scale, square.side * scale, square.side * scale);
  }
}

/** A pixel for each patch: warm for fake, cool for real, clear in between. */
function grid(shares: Float32Array): HTMLCanvasElement {
  const side = Math.round(Math.sqrt(shares.length));
  const pixels = new ImageData(side, side);
  shares.forEach((share, index) => {
    const colour = share > 0.5 ? FAKE : REAL;
    pixels.data.set([...colour, Math.round(255 * OPACITY * Math.abs(2 * share - 1))], 4 * index);
  });
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}
