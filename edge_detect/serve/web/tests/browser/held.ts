// Answers of the page's workers that wait to be let through, so that a test sees the page while it waits for them.

import type { Page } from "@playwright/test";

interface Held {
  readonly workers: Worker[];
  readonly held: (() => void)[];
}

/** From the next page on, hold back what workers say of pictures; `window.workers` are the workers. */
export async function holdAnswers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { workers, held } = Object.assign(window, { workers: [], held: [] }) as unknown as Held;
    window.Worker = class extends Worker {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        workers.push(this);
        this.addEventListener("message", (event) => {
          if (!event.isTrusted || !("id" in event.data)) return;
          event.stopImmediatePropagation();
          held.push(() => this.dispatchEvent(new MessageEvent("message", { data: event.data })));
        });
      }
    };
  });
}

/** Have the page hear the oldest answer that is held, once there is one. */
export async function letOneThrough(page: Page): Promise<void> {
  await page.waitForFunction(() => (window as unknown as Held).held.length > 0);
  await page.evaluate(() => (window as unknown as Held).held.shift()!());
}
