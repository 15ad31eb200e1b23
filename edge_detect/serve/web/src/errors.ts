// What can go wrong at the boundary, in words for people: what happened, and what to do.

/** A picture cannot be read. */
export class PictureError extends Error {}

/** A model is missing or damaged, or no engine can run it. */
export class ModelError extends Error {}

/** The words of anything that was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
