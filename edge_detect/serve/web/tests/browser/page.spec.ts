import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { decimals } from "../../src/rounding";
import { violations } from "./axe";
import { expect, given, Server, test } from "./served";

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

test("everything can be done with the keyboard alone", async ({ site }) => {
  await site.locator("body").press("Tab");
  await expect(site.locator("#files")).toBeFocused();
  await site.keyboard.press("Tab");
  await expect(site.locator("#camera-start")).toBeFocused();
  await site.keyboard.press("Tab");
  await expect(site.locator("input[value=litert]")).toBeFocused();
  await site.keyboard.press("ArrowRight");
  await expect(site.locator("#engine-state")).toContainText("TensorFlow.js is ready");
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

test("of pictures that were removed before they were scored, nothing more is said", async ({ site }) => {
  await site.setInputFiles("#files", ["collins-original.png", "hopper-original.png"].map(given));
  await site.getByRole("button", { name: "Remove all" }).click();
  await site.setInputFiles("#files", given("half.jpg")); // the engine answers in the order it is asked
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

test("a camera that is unplugged is missed, and its last frame does not stay", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .verdict")).toBeVisible();
  await site.locator("#camera video").evaluate((video: HTMLVideoElement) => {
    const [track] = (video.srcObject as MediaStream).getTracks();
    track!.dispatchEvent(new Event("ended"));
  });
  await expect(site.locator("#camera-trouble")).toContainText("The camera is gone.");
  await expect(site.locator("#camera-live")).toBeHidden();
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .verdict")).toBeVisible();
});

test("the webcam's frames are judged without being announced, and one can be kept", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .verdict")).toBeVisible();
  await expect(site.locator("#camera .facts")).toHaveText(/\d+ ms a frame/);
  await expect(site.locator("#camera .box")).toHaveCount(1);
  await expect(site.locator("#status")).toHaveText("The camera is on. Keep a frame to hear what is said of it.");
  await site.getByRole("button", { name: "Keep this frame" }).click();
  await expect(site.locator(`${card} .verdict`)).toBeVisible();
  await expect(site.locator("#status")).toContainText(/^camera .*\.png: /);
  await site.getByRole("button", { name: "Stop" }).click();
  await expect(site.locator("#camera")).toBeHidden();
});

test("a camera that opens too late is let go", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const opened: MediaStream[] = [];
    Object.assign(window, { opened });
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      await new Promise((resolve) => setTimeout(resolve, 300));
      opened.push(stream);
      return stream;
    };
  });
  const states = () =>
    site.evaluate(() =>
      (window as unknown as { opened: MediaStream[] }).opened.map((stream) => stream.getTracks()[0]!.readyState),
    );
  const start = site.getByRole("button", { name: "Use the camera" });
  await start.click();
  await start.click(); // while the browser asks
  await expect(site.locator("#camera .verdict")).toBeVisible();
  expect(await states()).toEqual(["ended", "live"]);
  await site.locator("#camera select").dispatchEvent("change");
  await site.getByRole("button", { name: "Stop" }).click(); // while the other one opens
  await expect.poll(states).toEqual(["ended", "ended", "ended"]);
  await expect(site.locator("#camera")).toBeHidden();
});

test("a camera that is not allowed is explained", async ({ context, site }) => {
  await context.clearPermissions();
  const session = await context.newCDPSession(site);
  await session.send("Browser.setPermission", { permission: { name: "camera" }, setting: "denied" });
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .trouble").first()).toContainText("The camera was not allowed. Allow it in");
});

test("over plain http from another device, the camera is explained, and pictures are scored all the same", async ({ page }, info) => {
  const token = info.outputPath("token"); // of the API; the page needs none
  writeFileSync(token, "correct-horse-battery-staple", { mode: 0o600 });
  const server = await Server.start("--allow-host", "insecure.test", "--token-file", token);
  await page.goto(server.origin.replace("127.0.0.1", "insecure.test"));
  expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
  await page.getByRole("button", { name: "Use the camera" }).click();
  await expect(page.locator("#camera-trouble")).toContainText("plain http from another device");
  await expect(page.locator("#camera-trouble")).toContainText("ssh -L");
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .box`)).toHaveCount(1);
  await expect(page.locator("#offline")).toHaveText("");
  await server.stop();
});

test("after the first load, the page works with the server stopped", async ({ browser }) => {
  const server = await Server.start();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.origin);
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await expect(page.locator("#offline")).toHaveText("Works offline from now on.");
  await server.stop();
  await page.reload();
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .box`)).toHaveCount(1);
  await page.getByRole("radio", { name: "TensorFlow.js" }).check();
  await expect(page.locator("#engine-state")).toContainText("is the server still there?");
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .trouble`)).toContainText("This picture was not scored");
  await context.close();
});

test("a server in front that answers for one that is gone does not take the page away", async ({ browser }) => {
  const server = await Server.start();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.origin);
  await expect(page.locator("#offline")).toHaveText("Works offline from now on.");
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await server.stop();
  const front = createServer((_request, response) => response.writeHead(502).end()).listen(Number(new URL(server.origin).port), "127.0.0.1");
  await page.reload();
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await context.close();
  front.close();
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
