// Where pictures come from: the native input, drag and drop, the clipboard.

import { byId } from "./dom";

/** Call `take` with the files of each choice, drop and paste, and `refuse` when what is dropped is none, as a link. */
export function watchIntake(take: (files: readonly File[]) => void, refuse: () => void): void {
  const input = byId<HTMLInputElement>("files");
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = ""; // so that the same file can be chosen again
  });

  const area = byId("intake");
  let depth = 0; // dragging over a child leaves its parent, so the two are counted against each other
  const mark = (step: number) => area.classList.toggle("over", (depth += step) > 0);
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) take(files);
    else refuse();
  });

  document.addEventListener("paste", (event) => take([...(event.clipboardData?.files ?? [])]));
}
