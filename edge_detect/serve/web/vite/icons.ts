// The icon, drawn from a list of shapes: as SVG for browsers, as PNG for what asks for pixels.

import { deflateSync } from "node:zlib";
import type { Plugin } from "vite";

/** A rounded rectangle on a grid of 64; a circle is one whose radius is half its side. */
interface Shape {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly colour: readonly [number, number, number];
}

const GRID = 64;
const INK = [11, 79, 72] as const;
const PAPER = [244, 250, 248] as const;
const WARM = [255, 176, 92] as const;
const BAR = 4;
const ARM = 11;
const EDGE = 13;

/** A viewfinder's corners around a face, half of which is made of squares. */
const SHAPES: readonly Shape[] = [
  { x: 0, y: 0, width: GRID, height: GRID, radius: 0, colour: INK },
  ...[EDGE, GRID - EDGE - ARM].flatMap((x) =>
    [EDGE, GRID - EDGE - BAR].map((y) => ({ x, y, width: ARM, height: BAR, radius: 2, colour: PAPER })),
  ),
  ...[EDGE, GRID - EDGE - BAR].flatMap((x) =>
    [EDGE, GRID - EDGE - ARM].map((y) => ({ x, y, width: BAR, height: ARM, radius: 2, colour: PAPER })),
  ),
  { x: 22, y: 22, width: 20, height: 20, radius: 10, colour: PAPER },
  { x: 32, y: 21, width: 11, height: 22, radius: 0, colour: INK },
  ...([[33, 23], [33, 29], [33, 35], [39, 26], [39, 32]] as const).map(([x, y]) => ({
    x,
    y,
    width: 4.6,
    height: 4.6,
    radius: 0.8,
    colour: WARM,
  })),
];

export function icons(): Plugin {
  return {
    name: "icons",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "icon.svg", source: svg() });
      for (const side of [192, 512]) {
        this.emitFile({ type: "asset", fileName: `icon-${side}.png`, source: png(side) });
      }
    },
  };
}

function svg(): string {
  const rects = SHAPES.map(
    ({ x, y, width, height, radius, colour }, index) =>
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${index ? radius : 14}" fill="rgb(${colour})"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${GRID} ${GRID}">${rects.join("")}</svg>\n`;
}

/** Fills the whole square: what masks it to a shape of its own cuts nothing off that matters. */
function png(side: number): Buffer {
  const rows = Buffer.alloc(side * (side * 3 + 1)); // each row begins with its filter: none
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      rows.set(colourAt((column + 0.5) / side, (row + 0.5) / side, GRID / side), row * (side * 3 + 1) + 1 + column * 3);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND")]);
}

function colourAt(x: number, y: number, pixel: number): number[] {
  let colour: number[] = [...INK];
  for (const shape of SHAPES) {
    const cover = Math.min(1, Math.max(0, 0.5 - distance(shape, x * GRID, y * GRID) / pixel));
    colour = colour.map((value, channel) => Math.round(value + (shape.colour[channel]! - value) * cover));
  }
  return colour;
}

/** From a point to the edge of a rounded rectangle; negative inside. */
function distance({ x, y, width, height, radius }: Shape, px: number, py: number): number {
  const dx = Math.abs(px - x - width / 2) - width / 2 + radius;
  const dy = Math.abs(py - y - height / 2) - height / 2 + radius;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

function chunk(name: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const result = Buffer.alloc(body.length + 8);
  result.writeUInt32BE(data.length, 0);
  result.set(body, 4);
  result.writeUInt32BE(crc(body), body.length + 4);
  return result;
}

function crc(data: Buffer): number {
  let value = 0xffffffff;
  for (const byte of data) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
