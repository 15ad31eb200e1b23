// What the page and its worker say to each other.

import type { Record } from "./record";
import type { Square } from "./squares";

/** A picture file, or a camera's frame, to be looked at. */
export type Request =
  | { readonly id: number; readonly kind: "file"; readonly file: File }
  | { readonly id: number; readonly kind: "frame"; readonly name: string; readonly frame: ImageBitmap };

/** What was asked and is not wanted any more; it gets no answer. */
export interface Forget {
  readonly id: number;
  readonly kind: "forget";
}

/** What each part of a face's crop says: patch logits on a grid, row by row, calibrated to 0–1; square as `width` has it. */
export interface Heat {
  readonly square: Square;
  readonly shares: Float32Array;
}

/** What became of a picture; width and height are those that its record's boxes count in. */
export interface Inspection {
  readonly record: Record;
  readonly width: number;
  readonly height: number;
  readonly heats: readonly Heat[];
  /** The decoded picture, small enough for a screen; none of what is unreadable, nor of a camera's frame. */
  readonly preview: Blob | null;
  readonly milliseconds: number;
}

/** What an engine is, for people. */
export interface EngineFacts {
  readonly name: string;
  readonly precision: string;
  readonly models: readonly string[];
  /** The addresses of all that it was loaded from. */
  readonly files: readonly string[];
}

export type Answer =
  | { readonly kind: "ready"; readonly facts: EngineFacts }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "done"; readonly id: number; readonly inspection: Inspection }
  | { readonly kind: "broken"; readonly id: number; readonly error: string };
