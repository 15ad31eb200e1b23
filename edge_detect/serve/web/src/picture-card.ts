// One picture's card: what was seen, what is said of it, and its record.

import { make } from "./dom";
import { Overlay } from "./overlay";
import type { EngineFacts, Inspection } from "./protocol";
import type { Record } from "./record";
import { copiesOnClick, saveText } from "./sharing";
import { verdictOf } from "./verdict";
import { inShort } from "./words";

export class PictureCard {
  readonly element = make("li", { class: "card" });
  record: Record | null = null;
  private readonly going = new AbortController();
  private readonly removeButton = make("button", { type: "button", class: "quiet remove" }, "Remove");
  private address: string | null = null;

  /** remove: called when the user wants the card gone. */
  constructor(
    readonly name: string,
    private readonly announce: (words: string) => void,
    remove: (card: PictureCard) => void,
  ) {
    this.removeButton.setAttribute("aria-label", `Remove ${name}`);
    this.removeButton.addEventListener("click", ({ detail }) => {
      if (detail < 2) remove(this); // the second of a double click is for the card that moved there
    });
    const waiting = make("div", { class: "waiting", attributes: { "aria-hidden": "true" } });
    this.fill(waiting, this.title(), make("p", { class: "why" }, "Waiting to be looked at…"), this.tools());
  }

  /** Aborted once the card goes from the page. */
  get gone(): AbortSignal {
    return this.going.signal;
  }

  /** Show what became of the picture. */
  show(inspection: Inspection, facts: EngineFacts): void {
    const { record, preview, milliseconds } = inspection;
    this.record = record;
    const parts: HTMLElement[] = [];
    const tools: HTMLElement[] = [];
    if (preview) {
      const overlay = new Overlay();
      overlay.draw(inspection);
      parts.push(make("div", { class: "picture" }, make("div", { class: "frame" }, this.imageOf(preview), overlay.element)));
      if (record.faces.length > 0) {
        const { button, legend } = heatTools(overlay);
        tools.push(button);
        parts.push(legend);
      }
    }
    parts.push(this.title(), verdictOf(record));
    if (record.faces.length > 1) parts.push(facesOf(record));
    parts.push(
      factsOf(milliseconds, facts),
      this.tools(...tools, ...this.recordButtons(record)),
      make("details", {}, make("summary", {}, "Record"), jsonOf(record)),
    );
    this.fill(...parts);
  }

  /** Say that the page itself failed, which is no fault of the picture. */
  fail(reason: string): void {
    this.fill(this.title(), make("p", { class: "trouble" }, `This picture was not scored: ${reason}.`), this.tools());
  }

  /** Go from the page, and give back the picture's memory. */
  discard(): void {
    this.element.remove();
    this.going.abort();
    if (this.address) URL.revokeObjectURL(this.address);
  }

  private fill(...parts: HTMLElement[]): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.replaceChildren(...parts);
    if (hadFocus) this.removeButton.focus();
  }

  private tools(...others: HTMLElement[]): HTMLElement {
    return make("div", { class: "tools" }, ...others, this.removeButton);
  }

  private title(): HTMLElement {
    return make("h3", { title: this.name }, this.name);
  }

  private imageOf(preview: Blob): HTMLImageElement {
    this.address = URL.createObjectURL(preview);
    return make("img", { src: this.address, alt: this.name });
  }

  private recordButtons(record: Record): HTMLElement[] {
    const line = `${JSON.stringify(record)}\n`;
    const copy = make("button", { type: "button", class: "quiet" }, "Copy");
    copy.setAttribute("aria-label", `Copy the record of ${this.name}`);
    copiesOnClick(copy, () => line, this.announce);
    const save = make("button", { type: "button", class: "quiet" }, "Save");
    save.setAttribute("aria-label", `Save the record of ${this.name}`);
    save.addEventListener("click", () => saveText(line, `${this.name}.jsonl`));
    return [copy, save];
  }
}

/** A button that shows and hides the heatmap, and what its colours mean, which comes and goes with it. */
export function heatTools(overlay: Overlay): { readonly button: HTMLElement; readonly legend: HTMLElement } {
  const legend = make("p", { class: "why", hidden: true }, "Warm: speaks for fake. Cool: speaks for real.");
  const button = make("button", { type: "button", class: "quiet toggle" }, "Heatmap");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    overlay.showsHeat = shown;
    legend.hidden = !shown;
  });
  return { button, legend };
}

function facesOf(record: Record): HTMLElement {
  return make("ol", { class: "faces" }, ...record.faces.map((face) => make("li", { class: face.verdict }, inShort(face))));
}

function jsonOf(record: Record): HTMLElement {
  const text = make("pre", { tabIndex: 0 }, JSON.stringify(record, null, 1));
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", `Record of ${record.path}`);
  return text;
}

function factsOf(milliseconds: number, { name, precision, models }: EngineFacts): HTMLElement {
  const facts = [`${time(milliseconds)} on ${name} ${precision}`, `models ${models.join(", ")}`];
  return make("p", { class: "facts" }, ...facts.map((fact) => make("span", {}, fact)));
}

function time(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
