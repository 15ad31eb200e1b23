// What Python answered, written by `tests/web_fixtures.py` into the folder that EDGE_DETECT_FIXTURES names.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Picture } from "../../src/pixels";

const folder = process.env["EDGE_DETECT_FIXTURES"];
if (!folder) throw new Error("these tests are run by pytest, which makes their fixtures: pytest tests/test_web.py");

interface Stored {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

// The fixtures are JSON of many shapes; each test knows its own.
type Case = any;

/** The cases of a kind as [name, case], for `test.each`. */
export function cases(kind: string): [string, Case][] {
  const all = JSON.parse(readFileSync(join(folder!, "fixtures.json"), "utf8")) as Record<string, Record<string, Case>>;
  return Object.entries(all[kind] ?? {});
}

export function bytes(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder!, file)));
}

export function picture({ file, width, height }: Stored): Picture {
  return { width, height, data: bytes(file) };
}

/** How many bytes differ: vitest's own comparison takes seconds for a picture. */
export function differences(one: Uint8Array, two: Uint8Array): number {
  if (one.length !== two.length) return Infinity;
  return one.reduce((count, value, index) => count + Number(value !== two[index]), 0);
}
