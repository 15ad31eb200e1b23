import { writeFileSync } from "node:fs";
import { expect, given, Server, test } from "./served";

const card = ".card";

test("a camera that is unplugged is missed, and its last frame does not stay", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.getByRole("button", { name: "Use the camera" }).click();
  await expect(site.locator("#camera .verdict")).toBeVisible();
  await site.getByRole("button", { name: "Stop" }).focus();
  await site.locator("#camera video").evaluate((video: HTMLVideoElement) => {
    const [track] = (video.srcObject as MediaStream).getTracks();
    track!.dispatchEvent(new Event("ended"));
  });
  await expect(site.locator("#camera-trouble")).toContainText("The camera is gone.");
  await expect(site.locator("#camera-live")).toBeHidden();
  await expect(site.locator("#camera-start")).toBeFocused(); // the button that had the focus is gone
  await expect(site.locator("#camera .verdict, #camera .box")).toHaveCount(0); // nor what was said of it
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

test("with an engine that did not load, nothing is drawn or claimed, and it is not asked again and again", async ({ browser, server }) => {
  const context = await browser.newContext({ serviceWorkers: "block", permissions: ["camera"] });
  const page = await context.newPage();
  await context.route("**/*.tflite", (route) => route.abort());
  await page.goto(server.origin);
  await page.getByRole("button", { name: "Use the camera" }).click();
  await expect(page.locator("#camera .said .trouble")).toContainText("This frame was not scored: ");
  const changes = await page.locator("#camera .said").evaluate(
    (said) =>
      new Promise<number>((resolve) => {
        let count = 0;
        new MutationObserver(() => count++).observe(said, { childList: true });
        setTimeout(() => resolve(count), 1500);
      }),
  );
  expect(changes).toBeLessThanOrEqual(4); // cleared and said, once a second
  await expect(page.locator("#camera .facts")).toHaveText("");
  await context.close();
});

test("there is no frame to keep before the first", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.evaluate(() => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = async function () {
      await new Promise((resolve) => Object.assign(window, { letPlay: resolve }));
      return play.call(this);
    };
  });
  await site.getByRole("button", { name: "Use the camera" }).click();
  const keep = site.getByRole("button", { name: "Keep this frame" });
  await expect(keep).toBeDisabled();
  await site.evaluate(() => (window as unknown as { letPlay: () => void }).letPlay());
  await expect(keep).toBeEnabled();
});

test("of several cameras, the one that is used is the one that is shown", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.evaluate(() => {
    const { mediaDevices } = navigator;
    const list = mediaDevices.enumerateDevices.bind(mediaDevices);
    const other = { kind: "videoinput", deviceId: "other", label: "The other one" } as MediaDeviceInfo;
    mediaDevices.enumerateDevices = async () => [other, ...(await list())];
  });
  await site.getByRole("button", { name: "Use the camera" }).click();
  const choice = site.getByRole("combobox", { name: "Camera" });
  await expect(choice).toBeVisible();
  const used = await site
    .locator("#camera video")
    .evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream).getVideoTracks()[0]!.getSettings().deviceId!);
  await expect(choice).toHaveValue(used);
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
