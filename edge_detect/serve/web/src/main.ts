// The page: pictures in, cards out.

import { CameraView } from "./camera-view";
import { byId } from "./dom";
import { wordsOf } from "./errors";
import { Examiner, type EngineChoice } from "./examiner";
import { watchIntake } from "./intake";
import { goOffline, keepOffline } from "./offline";
import type { PictureCard } from "./picture-card";
import type { EngineFacts } from "./protocol";
import { Results } from "./results";

const status = byId("status");
const results = new Results(announce);
const goneOffline = goOffline();
const options = [...document.querySelectorAll<HTMLInputElement>("input[name=engine]")];
let examiner: Examiner;

function announce(words: string): void {
  status.textContent = words;
}

function chosenOption(): HTMLInputElement {
  return options.find(({ checked }) => checked)!;
}

/** Load the engine that is chosen, in place of the one at work. */
function loadEngine(): void {
  examiner?.retire();
  const state = byId("engine-state");
  const again = byId("engine-again");
  const giveUp = (words: string): void => {
    if (examiner !== chosen) return;
    state.textContent = words;
    again.hidden = false;
  };
  const broken = () => giveUp("The engine broke down; the next picture loads it again.");
  const chosen = new Examiner(chosenOption().value as EngineChoice, goneOffline, broken);
  examiner = chosen;
  state.textContent = "Loading the models…";
  again.hidden = true;
  chosen.facts.then(
    (facts) => {
      if (examiner === chosen) state.textContent = `${facts.name} is ready: ${facts.models.join(", ")}`;
      void promiseOffline(facts);
    },
    (error: unknown) => giveUp(`The engine could not be loaded: ${wordsOf(error)}.`),
  );
}

async function promiseOffline({ files }: EngineFacts): Promise<void> {
  if (await keepOffline(files)) byId("offline").textContent = "Works offline from now on.";
}

/** The engine at work; one that broke down is loaded anew. */
function workingExaminer(): Examiner {
  if (examiner.isBroken) loadEngine();
  return examiner;
}

function take(files: readonly File[]): void {
  if (files.length === 0) return;
  announce(files.length === 1 ? `Looking at ${files[0]!.name}` : `Looking at ${files.length} pictures`);
  const asked = workingExaminer();
  const cards = results.add(files.map(({ name }) => name));
  cards.forEach((card, index) => void look(asked, files[index]!, card));
}

async function look(asked: Examiner, file: File, card: PictureCard): Promise<void> {
  try {
    const inspection = await asked.examine({ kind: "file", file }, card.gone);
    results.show(card, inspection, await asked.facts);
  } catch (error) {
    results.fail(card, wordsOf(error));
  }
}

for (const option of options) {
  option.checked = option.value === "litert"; // some browsers bring back an earlier choice with the page
  option.addEventListener("change", loadEngine);
}
byId("engine-again").addEventListener("click", () => {
  loadEngine();
  chosenOption().focus(); // the button is gone
});
loadEngine();
watchIntake(take, () => announce("Only files can be dropped: save the picture first, then add that."));
new CameraView(workingExaminer, (frame) => take([frame]), announce);
