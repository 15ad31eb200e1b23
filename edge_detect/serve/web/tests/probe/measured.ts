// What goes into the probe, and what comes out.

import type { Box } from "../../src/squares";

/** A file of the set; box in pixels of the upright original, pixels the file of what Python decoded, longer as `decode` has it. */
export interface Case {
  readonly file: string;
  readonly kind: string;
  readonly box: Box;
  readonly pixels: string;
  readonly longer: number;
  readonly scores: { readonly litert: number; readonly tfjs: number };
}

/** Scores by engine, and how decoded pixels differ from Python's: the share of values, and the largest difference. */
export interface Measured {
  readonly scores: { readonly litert: number; readonly tfjs: number };
  readonly differing: number;
  readonly largest: number;
}
