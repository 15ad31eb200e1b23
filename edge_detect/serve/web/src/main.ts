// The page: pictures in, cards out.

import { CameraView } from "./camera-view";
import { byId } from "./dom";
import { wordsOf } from "./errors";
import { Examiner, type EngineChoice } from "./examiner";
import { watchIntake } from "./intake";
import { goOffline } from "./offline";
import { PictureCard } from "./picture-card";
import { copiesOnClick, saveText } from "./sharing";
import { sentence } from "./words";

const cards = new Set<PictureCard>();
const list = byId("cards");
const status = byId("status");
const goneOffline = goOffline();
let examiner: Examiner;

function announce(words: string): void {
  status.textContent = words;
}

function choose(choice: EngineChoice): void {
  examiner?.retire();
  const chosen = new Examiner(choice, goneOffline);
  examiner = chosen;
  const state = byId("engine-state");
  state.textContent = "Loading the models…";
  const say = (words: string) => {
    if (examiner === chosen) state.textContent = words;
  };
  chosen.facts.then(
    ({ name, models }) => say(`${name} is ready: ${models.join(", ")}`),
    (error: unknown) => say(`The engine could not be loaded: ${wordsOf(error)}.`),
  );
}

function take(files: readonly File[]): void {
  if (files.length === 0) return;
  byId("results").hidden = false;
  announce(files.length === 1 ? `Looking at ${files[0]!.name}` : `Looking at ${files.length} pictures`);
  const added = files.map((file) => ({ file, card: new PictureCard(file.name, announce) }));
  list.prepend(...added.map(({ card }) => card.element));
  const asked = examiner;
  for (const { file, card } of added) {
    cards.add(card);
    void look(asked, file, card);
  }
}

/** Have a picture scored, and show and announce what came of it, unless it was removed meanwhile. */
async function look(asked: Examiner, file: File, card: PictureCard): Promise<void> {
  try {
    const inspection = await asked.examine({ kind: "file", file });
    const facts = await asked.facts;
    if (!cards.has(card)) return;
    card.show(inspection, facts);
    announce(sentence(inspection.record));
  } catch (error) {
    if (!cards.has(card)) return;
    card.fail(wordsOf(error));
    announce(`${file.name} was not scored: ${wordsOf(error)}.`);
  }
}

/** The records so far, oldest first, as `scan --jsonl` prints them. */
function records(): string {
  return [...cards].flatMap(({ record }) => (record ? [`${JSON.stringify(record)}\n`] : [])).join("");
}

function clear(): void {
  cards.clear();
  list.replaceChildren();
  byId("results").hidden = true;
  byId("files").focus();
  announce("All pictures were removed.");
}

copiesOnClick(byId<HTMLButtonElement>("copy-all"), records, announce);
byId("save-all").addEventListener("click", () => saveText(records(), "edge-detect.jsonl"));
byId("clear").addEventListener("click", clear);

choose("litert");
for (const option of document.querySelectorAll<HTMLInputElement>("input[name=engine]")) {
  option.checked = option.value === "litert"; // some browsers bring back an earlier choice with the page
  option.addEventListener("change", () => choose(option.value as EngineChoice));
}
watchIntake(take);
new CameraView(() => examiner, (frame) => take([frame]), announce);
void Promise.all([goneOffline, examiner!.facts]).then(([isKept]) => {
  byId("offline").textContent = isKept ? "Works offline from now on." : "";
});
