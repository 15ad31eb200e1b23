// Records on their way out: to the clipboard or to a file.

import { make } from "./dom";

const SAID_FOR_MS = 2000;

/**
 * Have a button copy what `text` gives when it is pressed; the button, and a screen reader, say whether that worked, and if
 * so in the words of `done`.
 */
export function copiesOnClick(
  button: HTMLButtonElement,
  text: () => string,
  announce: (words: string) => void,
  done: () => string = () => "Copied",
): void {
  const label = button.textContent;
  let said: number | undefined;
  button.addEventListener("click", () => {
    void copied(text(), done()).then((words) => {
      clearTimeout(said);
      button.textContent = words;
      announce(words);
      said = window.setTimeout(() => (button.textContent = label), SAID_FOR_MS);
    });
  });
}

async function copied(text: string, done: string): Promise<string> {
  try {
    // Missing on pages that come from another device without encryption.
    await navigator.clipboard.writeText(text);
    return done;
  } catch {
    return "Not allowed; save it instead";
  }
}

/** Offer text as a file. */
export function saveText(text: string, name: string): void {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/jsonl" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
