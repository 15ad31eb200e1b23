// A verdict in words, with its number and a bar.

import { make } from "./dom";
import type { Record } from "./record";
import { explain, percent, SIGNS, WORDS } from "./words";

/** The verdict of a picture. */
export function verdictOf(record: Record): HTMLElement {
  const words = make(
    "p",
    { class: `verdict ${record.verdict}` },
    make("span", { class: "sign", attributes: { "aria-hidden": "true" } }, SIGNS[record.verdict]),
    ` ${WORDS[record.verdict]}`,
  );
  const parts: HTMLElement[] = [words];
  if (record.score !== null) {
    words.append(make("span", { class: "number" }, percent(record.score), make("small", {}, " chance of fake")));
    parts.push(bar(record.score, record), zones(record));
  }
  const explanation = explain(record);
  if (explanation) parts.push(make("p", { class: "why" }, explanation));
  return make("div", { class: "outcome" }, ...parts);
}

/** A score between the ends of the scale, with the thresholds that verdicts follow. */
function bar(score: number, { verdict, model }: Record): HTMLElement {
  const { real, fake } = model.thresholds;
  const element = make("div", {
    class: `bar ${verdict}`,
    attributes: {
      role: "meter",
      "aria-label": "Probability of fake",
      "aria-valuemin": "0",
      "aria-valuemax": "1",
      "aria-valuenow": score.toFixed(3),
      "aria-valuetext": `${percent(score)}; real below ${percent(real)}, fake from ${percent(fake)}`,
    },
  });
  element.style.setProperty("--score", String(score));
  element.style.setProperty("--from-uncertain", String(real));
  element.style.setProperty("--from-fake", String(fake));
  element.append(
    make("span", { class: "fill" }),
    make("span", { class: "mark at-real" }),
    make("span", { class: "mark at-fake" }),
  );
  return element;
}

/** What the parts of the bar are called. */
function zones({ model }: Record): HTMLElement {
  const { real, fake } = model.thresholds;
  const names = ["real", "uncertain", "fake"].map((name) => make("span", {}, name));
  const element = make("div", { class: "zones", attributes: { "aria-hidden": "true" } }, ...names);
  element.style.gridTemplateColumns = [real, fake - real, 1 - fake].map((share) => `minmax(0, ${100 * share}fr)`).join(" ");
  return element;
}
