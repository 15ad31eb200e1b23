// Records on their way out: to the clipboard or to a file.

import { make } from "./dom";

const SAID_FOR_MS = 2000;

/** Copy text, and let the button say whether that worked. */
export async function copyText(text: string, button: HTMLButtonElement): Promise<void> {
  const label = button.textContent;
  try {
    // Missing on pages that come from another device without encryption.
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed; save it instead";
  }
  setTimeout(() => (button.textContent = label), SAID_FOR_MS);
}

/** Offer text as a file. */
export function saveText(text: string, name: string): void {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/jsonl" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
