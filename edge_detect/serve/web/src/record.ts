// The record of a picture: the fields of `scan --jsonl`, see `edge_detect/results.py`.

import type { Card } from "./card";
import { decimals } from "./rounding";
import { sizeOf, type Box } from "./squares";

export type Verdict = "real" | "uncertain" | "fake" | "no_face" | "unreadable";

export interface FaceRecord {
  readonly box: readonly number[];
  readonly size: number;
  readonly score: number;
  readonly verdict: Verdict;
  readonly confidence: number;
  readonly reason: "too_small" | null;
}

export interface Record {
  readonly schema_version: 1;
  readonly path: string;
  readonly verdict: Verdict;
  readonly score: number | null;
  readonly faces: readonly FaceRecord[];
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
    readonly thresholds: { readonly real: number; readonly fake: number };
  };
  readonly error: string | null;
}

/** A scored face, before its numbers are rounded; box in pixels of the upright picture. */
export interface Face {
  readonly box: Box;
  readonly score: number;
  readonly confidence: number;
}

/** Faces with a longer side below this many pixels get no verdict: too little of them is left to judge. */
const SMALLEST_FACE = 48;

/** The record of a picture whose faces were scored, and that of one without a face. */
export function recordOf(path: string, faces: readonly Face[], card: Card): Record {
  const rounded = faces.map((face) => faceRecord(face, card));
  // The most suspicious face is one that can be judged before one that cannot, then the one with the higher score.
  const worst = faces
    .map((face, index) => ({ score: face.score, judged: rounded[index]!.reason === null, record: rounded[index]! }))
    .reduce<{ score: number; judged: boolean; record: FaceRecord } | null>(
      (best, face) =>
        best && (best.judged === face.judged ? best.score >= face.score : best.judged) ? best : face,
      null,
    )?.record;
  return { ...common(path, card), verdict: worst?.verdict ?? "no_face", score: worst?.score ?? null, faces: rounded };
}

/** The record of a picture that cannot be read. */
export function unreadable(path: string, error: string, card: Card): Record {
  return { ...common(path, card), verdict: "unreadable", score: null, faces: [], error };
}

function common(path: string, card: Card) {
  const { real, fake } = card.thresholds;
  return {
    schema_version: 1,
    path,
    model: {
      name: card.name,
      version: card.version,
      sha256: card.sha256,
      thresholds: { real, fake },
    },
    error: null,
  } as const;
}

function faceRecord(face: Face, card: Card): FaceRecord {
  const isSmall = sizeOf(face.box) < SMALLEST_FACE;
  return {
    box: face.box.map((value) => decimals(value, 1)),
    size: decimals(sizeOf(face.box), 1),
    score: face.score,
    verdict: isSmall ? "uncertain" : verdictOf(face.score, card),
    confidence: decimals(face.confidence, 4),
    reason: isSmall ? "too_small" : null,
  };
}

/** What the card's thresholds make of a score. */
export function verdictOf(score: number, card: Card): Verdict {
  if (score >= card.thresholds.fake) return "fake";
  return score < card.thresholds.real ? "real" : "uncertain";
}
