import { expect, given, test } from "./served";

const card = ".card";
const MANY = 30;

test("a camera's frames go before files, however many there are", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .verdict")).toBeVisible();
  await site.setInputFiles("#files", Array(MANY).fill(given("hopper-original.png")));
  const waiting = await site.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let frames = 0;
        new MutationObserver(() => {
          if (++frames === 3) resolve(document.querySelectorAll(".card .waiting").length);
        }).observe(document.querySelector("#camera .said")!, { childList: true });
      }),
  );
  expect(waiting).toBeGreaterThan(0);
});

test("pictures that are removed are not looked at", async ({ page, server }) => {
  await page.addInitScript(() => {
    const answered: number[] = [];
    Object.assign(window, { answered });
    window.Worker = class extends Worker {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        this.addEventListener("message", ({ data }) => {
          if ("id" in data) answered.push(data.id);
        });
      }
    };
  });
  await page.goto(server.origin);
  await page.setInputFiles("#files", Array(MANY).fill(given("hopper-original.png")));
  await page.locator("#clear").evaluate((button: HTMLButtonElement) => button.click());
  await page.setInputFiles("#files", given("half.jpg"));
  await expect(page.locator(`${card} .unreadable`)).toBeVisible();
  const answered = await page.evaluate(() => (window as unknown as { answered: number[] }).answered);
  expect(answered.length).toBeLessThan(MANY);
  expect(answered).toContain(MANY);
});

test("of pictures that were removed before they were scored, nothing more is said", async ({ site }) => {
  await site.setInputFiles("#files", ["collins-original.png", "hopper-original.png"].map(given));
  await site.getByRole("button", { name: "Remove all" }).click();
  await site.setInputFiles("#files", given("half.jpg"));
  const said = site.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const status = document.querySelector("#status")!;
        const lines: string[] = [];
        new MutationObserver(() => {
          lines.push(status.textContent!);
          if (status.textContent!.startsWith("half.jpg: ")) resolve(lines);
        }).observe(status, { childList: true });
        if (status.textContent!.startsWith("half.jpg: ")) resolve(lines);
      }),
  );
  expect((await said).filter((line) => line.includes("original.png"))).toEqual([]);
  await expect(site.locator(card)).toHaveCount(1);
});

test("a double click removes one picture", async ({ site }) => {
  await site.setInputFiles("#files", ["half.jpg", "notes.txt", "faceless.png"].map(given));
  await expect(site.locator(`${card} .verdict`)).toHaveCount(3);
  await site.getByRole("button", { name: "Remove half.jpg" }).dblclick();
  await expect(site.locator(card)).toHaveCount(2);
});

test("a link that is dropped is said to be no file", async ({ site }) => {
  await site.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/uri-list", "https://example.org/a.jpg");
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await expect(site.locator("#status")).toHaveText(/^Only files can be dropped/);
});
