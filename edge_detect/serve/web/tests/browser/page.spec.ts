import { readFileSync } from "node:fs";
import { decimals } from "../../src/rounding";
import { violations } from "./axe";
import { holdAnswers, letOneThrough } from "./held";
import { expect, given, test } from "./served";

const card = ".card";

test("a chosen picture gets its faces boxed, a verdict in words with a number and a bar, and its record", async ({ site }) => {
  await site.setInputFiles("#files", given("hopper-original.png"));
  await expect(site.locator(`${card} .verdict`)).toHaveText(/Looks (real|fake)|Uncertain/);
  await expect(site.locator(`${card} .number`)).toHaveText(/\d+% chance of fake/);
  await expect(site.locator(`${card} [role=meter]`)).toHaveAttribute("aria-valuenow", /0\.\d+/);
  await expect(site.locator(`${card} .box`)).toHaveCount(1);
  await expect(site.locator(`${card} .facts`)).toHaveText(/ m?s on LiteRT\.js int8.*models deepfake .*, face /);
  await expect(site.locator("#status")).toContainText("hopper-original.png: ");
});

test("the record is the one that `edge-detect scan --jsonl` prints", async ({ site }) => {
  // JavaScript's exponential function may differ from Python's in the last bit.
  const parsed = (text: string) =>
    JSON.parse(text, (key, value) => (key === "score" && value !== null ? decimals(value, 12) : value));
  const expected = parsed(readFileSync(given("records.json"), "utf8")) as { path: string; score: number }[];
  await site.setInputFiles("#files", expected.map(({ path }) => given(path)));
  await expect(site.locator(`${card} pre`)).toHaveCount(expected.length);
  const records = (await site.locator(`${card} pre`).allTextContents()).map(parsed);
  for (const [index, one] of expected.entries()) {
    expect(records[index]).toEqual(one);
  }
});

test("several files are looked at one after the other, and a broken one spoils none of them", async ({ site }) => {
  await site.setInputFiles("#files", ["collins-original.png", "half.jpg", "hopper-original.png", "notes.txt"].map(given));
  await expect(site.locator(`${card} .verdict`)).toHaveCount(4);
  await expect(site.locator(`${card} .unreadable`)).toHaveCount(2);
  await expect(site.locator(card).nth(1)).toContainText("The JPEG data is truncated; copy the file again.");
  await expect(site.locator(card).nth(3)).toContainText("Not a picture of a supported kind");
  await expect(site.locator(`${card} .box`)).toHaveCount(2);
});

test("a dropped and a pasted picture are looked at as well", async ({ site }) => {
  const data = readFileSync(given("hopper-original.png")).toString("base64");
  for (const kind of ["drop", "paste"]) {
    await site.evaluate(
      async ([kind, data]) => {
        const bytes = Uint8Array.from(atob(data!), (sign) => sign.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
        const event =
          kind === "drop"
            ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
      },
      [kind, data],
    );
    await expect(site.locator(card, { hasText: `${kind}.png` }).locator(".verdict")).toBeVisible();
  }
});

test("the heatmap can be shown and hidden", async ({ site }) => {
  await site.setInputFiles("#files", given("hopper-original.png"));
  const button = site.getByRole("button", { name: "Heatmap" });
  await button.click();
  await expect(button).toHaveAttribute("aria-pressed", "true");
  const heat = site.locator(`${card} canvas.heat`);
  await expect(heat).toBeVisible();
  await expect(site.locator(card).getByText("Warm: speaks for fake. Cool: speaks for real.")).toBeVisible();
  const painted = await heat.evaluate((canvas: HTMLCanvasElement) =>
    canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0),
  );
  expect(painted).toBe(true);
  await button.click();
  await expect(heat).toBeHidden();
});

test("TensorFlow.js is fetched only when chosen, and then says nearly the same", async ({ site }) => {
  const fetched: string[] = [];
  site.on("request", (request) => fetched.push(request.url()));
  await site.setInputFiles("#files", given("hopper-original.png"));
  await expect(site.locator(`${card} .facts`)).toContainText("LiteRT.js int8");
  expect(fetched.filter((url) => url.includes("tfjs"))).toEqual([]);
  await site.getByRole("radio", { name: "TensorFlow.js" }).check();
  await expect(site.locator("#engine-state")).toContainText("TensorFlow.js is ready");
  await site.setInputFiles("#files", given("hopper-original.png"));
  await expect(site.locator(`${card} .facts`).first()).toContainText("TensorFlow.js float32");
  const scores = (await site.locator(`${card} pre`).allTextContents()).map((text) => JSON.parse(text).score as number);
  expect(Math.abs(scores[0]! - scores[1]!)).toBeLessThan(0.25);
});

test("everything can be done with the keyboard alone", async ({ context, site, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.origin });
  const tabTo = async (selector: string) => {
    await site.keyboard.press("Tab");
    await expect(site.locator(selector).first()).toBeFocused();
  };
  await site.locator("body").press("Tab");
  await expect(site.locator("#files")).toBeFocused();
  await site.setInputFiles("#files", ["hopper-original.png", "half.jpg"].map(given)); // the chooser is the browser's own
  await expect(site.locator(`${card} .verdict`)).toHaveCount(2);
  await tabTo("#camera-start");
  await tabTo("input[value=litert]");
  await site.keyboard.press("ArrowRight");
  await expect(site.locator("#engine-state")).toContainText("TensorFlow.js is ready");

  await tabTo("#copy-all");
  await site.keyboard.press("Enter");
  await expect(site.locator("#status")).toHaveText("Copied");
  await tabTo("#save-all");
  const [all] = await Promise.all([site.waitForEvent("download"), site.keyboard.press("Enter")]);
  expect(all.suggestedFilename()).toBe("edge-detect.jsonl");
  await tabTo("#clear");

  await tabTo(`${card} .toggle`);
  await site.keyboard.press("Space");
  await expect(site.locator(`${card} canvas.heat`).first()).toBeVisible();
  await tabTo('[aria-label="Copy the record of hopper-original.png"]');
  await site.keyboard.press("Enter");
  await expect.poll(() => site.evaluate(() => navigator.clipboard.readText())).toContain('"path":"hopper-original.png"');
  await tabTo('[aria-label="Save the record of hopper-original.png"]');
  const [one] = await Promise.all([site.waitForEvent("download"), site.keyboard.press("Space")]);
  expect(one.suggestedFilename()).toBe("hopper-original.png.jsonl");
  await tabTo('[aria-label="Remove hopper-original.png"]');
  await tabTo(`${card} summary`);
  await site.keyboard.press("Enter");
  await tabTo(`${card} pre`);
  await site.keyboard.press("Shift+Tab");
  await site.keyboard.press("Shift+Tab");
  await site.keyboard.press("Enter"); // the button that removes the picture
  await expect(site.locator("#status")).toHaveText("hopper-original.png was removed.");
  await expect(site.locator('[aria-label="Remove half.jpg"]')).toBeFocused();

  for (const _ of ["Save", "Copy", "Remove all"]) await site.keyboard.press("Shift+Tab");
  await expect(site.locator("#clear")).toBeFocused();
  await site.keyboard.press("Enter");
  await expect(site.locator(card)).toHaveCount(0);
  await expect(site.locator("#files")).toBeFocused();
});

test("records are copied and saved once there are any, and missing ones are counted", async ({ context, page, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.origin });
  await holdAnswers(page);
  await page.goto(server.origin);
  await page.setInputFiles("#files", ["half.jpg", "notes.txt"].map(given));
  const [copy, save] = [page.locator("#copy-all"), page.locator("#save-all")];
  for (const button of [copy, save]) await expect(button).toBeDisabled();
  await letOneThrough(page);
  await copy.click();
  await expect(page.locator("#status")).toHaveText("Copied 1 of 2 records");
  await expect(copy).toHaveText("Copied 1 of 2 records");
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())).path).toBe("half.jpg");
  await save.click();
  await expect(page.locator("#status")).toHaveText("Saved 1 of 2 records");
  await page.getByRole("button", { name: "Remove half.jpg" }).click();
  for (const button of [copy, save]) await expect(button).toBeDisabled();
});

test("a picture that is removed gives back its memory, and leaves the keyboard's place", async ({ site }) => {
  await site.evaluate(() => {
    const revoked: string[] = [];
    Object.assign(window, { revoked });
    URL.revokeObjectURL = (address) => void revoked.push(address);
  });
  await site.setInputFiles("#files", ["collins-original.png", "two.png", "half.jpg"].map(given));
  const remove = (name: string) => site.getByRole("button", { name: `Remove ${name}` });
  await remove("half.jpg").click(); // while it waits
  await expect(site.locator(`${card} .verdict`)).toHaveCount(2);
  expect(await site.locator(`${card} canvas:not(.heat)`).count()).toBe(0);
  const addresses = await site
    .locator(`${card} .frame > img`)
    .evaluateAll((images: HTMLImageElement[]) => images.map(({ src, naturalWidth }) => (naturalWidth > 0 ? src : "")));
  expect(addresses).toEqual([expect.stringMatching(/^blob:/), expect.stringMatching(/^blob:/)]);
  const revoked = () => site.evaluate(() => (window as unknown as { revoked: string[] }).revoked);
  await remove("two.png").click();
  await expect(site.locator("#status")).toHaveText("two.png was removed.");
  await expect(remove("collins-original.png")).toBeFocused();
  expect(await revoked()).toEqual([addresses[1]]);
  await site.keyboard.press("Enter");
  await expect(site.locator("#results")).toBeHidden();
  await expect(site.locator("#files")).toBeFocused();
  expect(await revoked()).toEqual([addresses[1], addresses[0]]);
});

test("an engine that breaks down says so of what was asked, and the next picture gets another", async ({ page, server }) => {
  await holdAnswers(page);
  await page.goto(server.origin);
  await expect(page.locator("#engine-state")).toContainText("is ready");
  await page.setInputFiles("#files", ["hopper-original.png", "half.jpg"].map(given));
  await page.evaluate(() => {
    const worker = (window as unknown as { workers: Worker[] }).workers[0]!;
    worker.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }));
  });
  await expect(page.locator(`${card} .trouble`)).toHaveText(Array(2).fill(/was not scored: the engine broke down/));
  await expect(page.locator("#engine-state")).toHaveText("The engine broke down; the next picture loads it again.");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  await page.setInputFiles("#files", given("half.jpg"));
  await letOneThrough(page);
  await expect(page.locator(`${card} .verdict`)).toHaveCount(1);
  await expect(page.locator("#engine-state")).toContainText("is ready");
});

test("an engine that could not be loaded is tried again", async ({ browser, server }) => {
  const context = await browser.newContext({ serviceWorkers: "block" }); // what they fetch cannot be stopped
  const page = await context.newPage();
  let isGone = true;
  await context.route("**/*.tflite", (route) => (isGone ? route.abort() : route.continue()));
  await page.goto(server.origin);
  await expect(page.locator("#engine-state")).toContainText("The engine could not be loaded: the server cannot be reached");
  await page.setInputFiles("#files", given("half.jpg"));
  await expect(page.locator(`${card} .trouble`)).toContainText("was not scored: the server cannot be reached");
  isGone = false;
  const again = page.getByRole("button", { name: "Try again" });
  await again.click();
  await expect(page.locator("input[value=litert]")).toBeFocused();
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await expect(again).toBeHidden();
  await page.setInputFiles("#files", given("half.jpg"));
  await expect(page.locator(`${card} .unreadable`)).toHaveCount(1);
  expect(page.workers().length, "the worker that failed has ended").toBe(1);
  await context.close();
});

test("what is told by backgrounds is told in forced colours, too", async ({ site }) => {
  await site.emulateMedia({ forcedColors: "active" });
  await site.setInputFiles("#files", given("hopper-original.png"));
  await expect(site.locator(`${card} .bar`)).toBeVisible();
  const [bar, fill, mark, page] = await Promise.all(
    [`${card} .bar`, `${card} .fill`, `${card} .at-fake`, "body"].map((selector) =>
      site.locator(selector).evaluate((element) => {
        const { backgroundColor, borderTopWidth } = getComputedStyle(element);
        return { colour: backgroundColor, border: borderTopWidth };
      }),
    ),
  );
  expect(bar!.border).toBe("1px");
  expect([page!.colour, bar!.colour]).not.toContain(fill!.colour);
  expect([page!.colour, bar!.colour, fill!.colour]).not.toContain(mark!.colour);
  await expect(site.locator(`${card} .sign`)).toHaveCSS("border-top-width", "1px");
  await expect(site.locator(`${card} .box`)).toHaveCSS("outline-style", "solid");
});

test("records are downloaded as JSON Lines", async ({ site }) => {
  await site.setInputFiles("#files", ["collins-original.png", "half.jpg"].map(given));
  await expect(site.locator(`${card} .verdict`)).toHaveCount(2);
  const [download] = await Promise.all([site.waitForEvent("download"), site.locator("#save-all").click()]);
  const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).path)).toEqual(["collins-original.png", "half.jpg"]);
});

test("a record is copied, said aloud, and the button says its own name again", async ({ context, site, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.origin });
  await site.setInputFiles("#files", given("half.jpg"));
  const copy = site.getByRole("button", { name: "Copy the record of half.jpg" });
  await copy.click();
  await expect(copy).toHaveText("Copied");
  await expect(site.locator("#status")).toHaveText("Copied");
  await copy.click(); // while it still says so
  await expect(copy).toHaveText("Copy");
  expect(JSON.parse(await site.evaluate(() => navigator.clipboard.readText())).path).toBe("half.jpg");
});

test("nothing is wider than a small phone", async ({ site }) => {
  await site.setViewportSize({ width: 320, height: 640 });
  await site.setInputFiles("#files", ["two.png", "half.jpg"].map(given));
  await expect(site.locator(`${card} .verdict`)).toHaveCount(2);
  await site.locator(`${card} summary`).first().click();
  expect(await site.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe-core finds no violation with results shown, ${colorScheme}`, async ({ context, site, server }) => {
    await site.emulateMedia({ colorScheme });
    await context.grantPermissions(["camera"], { origin: server.origin });
    await site.setInputFiles("#files", ["collins-original.png", "half.jpg", "faceless.png", "two.png"].map(given));
    await expect(site.locator(`${card} .verdict`)).toHaveCount(4);
    await site.getByRole("button", { name: "Heatmap" }).first().click();
    await site.locator(`${card} summary`).first().click();
    await site.getByRole("button", { name: "Use the camera" }).click();
    await expect(site.locator("#camera .verdict")).toBeVisible();
    expect(await violations(site)).toEqual([]);
  });
}
