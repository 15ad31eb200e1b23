// Verdicts and numbers in words.

import type { FaceRecord, Record, Verdict } from "./record";

export const WORDS: Readonly<{ [verdict in Verdict]: string }> = {
  real: "Looks real",
  uncertain: "Uncertain",
  fake: "Looks fake",
  no_face: "No face found",
  unreadable: "Cannot be read",
};

/** A sign beside the words, so that no verdict is told by its colour. */
export const SIGNS: Readonly<{ [verdict in Verdict]: string }> = {
  real: "✓",
  uncertain: "?",
  fake: "!",
  no_face: "–",
  unreadable: "×",
};

/** A score in whole percent; the ends are not claimed. */
export function percent(score: number): string {
  if (score < 0.01) return "below 1%";
  return score > 0.99 ? "above 99%" : `${Math.round(score * 100)}%`;
}

/** What a verdict rests on. */
export function explain(record: Record): string {
  if (record.error !== null) return `${record.error.charAt(0).toUpperCase()}${record.error.slice(1)}.`;
  if (record.verdict === "no_face") return "There was nothing to judge, which is not the same as real.";
  const count = record.faces.length;
  if (record.faces.every(({ reason }) => reason)) {
    return `${count > 1 ? `All ${count} faces have` : "The face has"} less than 48 pixels: too few to judge.`;
  }
  const of = count > 1 ? [`The most suspicious of ${count} faces counts.`] : [];
  const worth = record.verdict === "real" ? ["No evidence that it is real: many fakes look so, too."] : [];
  return [...of, ...worth].join(" ");
}

/** A face's verdict in a few words. */
export function inShort(face: FaceRecord): string {
  return face.reason ? "too small" : `${face.verdict} ${percent(face.score)}`;
}

/** A whole result in a sentence, for who hears the page. */
export function sentence(record: Record): string {
  const score = record.score === null ? "" : `, ${percent(record.score)} chance of fake`;
  return `${record.path}: ${WORDS[record.verdict].toLowerCase()}${score}. ${explain(record)}`.trim();
}
