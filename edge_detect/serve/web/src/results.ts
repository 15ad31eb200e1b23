// The pictures that were added: their cards, and what is done with all of them at once.

import { byId } from "./dom";
import { PictureCard } from "./picture-card";
import type { EngineFacts, Inspection } from "./protocol";
import { copiesOnClick, saveText } from "./sharing";
import { sentence } from "./words";

export class Results {
  private readonly cards = new Set<PictureCard>();
  private readonly list = byId("cards");
  private readonly copyAll = byId<HTMLButtonElement>("copy-all");
  private readonly saveAll = byId<HTMLButtonElement>("save-all");

  constructor(private readonly announce: (words: string) => void) {
    copiesOnClick(this.copyAll, () => this.text(), announce, () => this.done("Copied"));
    this.saveAll.addEventListener("click", () => {
      saveText(this.text(), "edge-detect.jsonl");
      announce(this.done("Saved"));
    });
    byId("clear").addEventListener("click", () => this.clear());
  }

  /** Cards in front of all others, for pictures that are still to be looked at. */
  add(names: readonly string[]): PictureCard[] {
    const added = names.map((name) => new PictureCard(name, this.announce, (card) => this.remove(card)));
    for (const card of added) this.cards.add(card);
    this.list.prepend(...added.map(({ element }) => element));
    this.refresh();
    return added;
  }

  /** Show and announce what became of a picture, unless it was removed meanwhile. */
  show(card: PictureCard, inspection: Inspection, facts: EngineFacts): void {
    if (!this.cards.has(card)) return;
    card.show(inspection, facts);
    this.refresh();
    this.announce(sentence(inspection.record));
  }

  /** The same of a picture that could not be looked at. */
  fail(card: PictureCard, reason: string): void {
    if (!this.cards.has(card)) return;
    card.fail(reason);
    this.announce(`${card.name} was not scored: ${reason}.`);
  }

  private get scored(): PictureCard[] {
    return [...this.cards].filter(({ record }) => record);
  }

  /** The records so far, oldest first, as `scan --jsonl` prints them. */
  private text(): string {
    return this.scored.map(({ record }) => `${JSON.stringify(record)}\n`).join("");
  }

  private done(what: string): string {
    const { scored, cards } = this;
    return scored.length === cards.size ? what : `${what} ${scored.length} of ${cards.size} records`;
  }

  private remove(card: PictureCard): void {
    const neighbour = card.element.nextElementSibling ?? card.element.previousElementSibling;
    this.drop(card);
    (neighbour?.querySelector<HTMLElement>(".remove") ?? byId("files")).focus();
    this.announce(`${card.name} was removed.`);
  }

  private clear(): void {
    this.cards.forEach((card) => this.drop(card));
    byId("files").focus();
    this.announce("All pictures were removed.");
  }

  private drop(card: PictureCard): void {
    this.cards.delete(card);
    card.discard();
    this.refresh();
  }

  private refresh(): void {
    byId("results").hidden = this.cards.size === 0;
    this.copyAll.disabled = this.saveAll.disabled = this.scored.length === 0;
  }
}
