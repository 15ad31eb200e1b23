// What the page weighs and how fast it is, for `make page-figures`.

import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect, test as base } from "@playwright/test";
import { given, Server } from "./served";

const out = process.env["EDGE_DETECT_FIGURES"];
const WARM_UP = 10;
const FRAMES = 60;

base.skip(!out, "figures are measured by `make page-figures`");

/** A server behind a counter of the bytes that it sends, headers and all. */
async function counted(server: Server) {
  const sent = { bytes: 0 };
  const behind = new URL(server.origin);
  const counter = createServer((client) => {
    const upstream = connect(Number(behind.port), behind.hostname);
    upstream.on("data", (data) => (sent.bytes += data.length));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => counter.listen(0, "127.0.0.1", resolve));
  return { sent, origin: `http://127.0.0.1:${(counter.address() as AddressInfo).port}`, close: () => counter.close() };
}

base("page weight, time to the first verdict, and time per frame", async ({ browser }) => {
  base.setTimeout(300_000);
  const server = await Server.start();
  const figures: Record<string, { bytes: number; firstVerdict: number; frame: number }> = {};
  for (const engine of ["LiteRT.js", "TensorFlow.js"]) {
    const counter = await counted(server);
    const context = await browser.newContext({ permissions: ["camera"] });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const taken: number[] = [];
      Object.assign(window, { taken });
      new PerformanceObserver((list) => taken.push(...list.getEntriesByName("frame").map(({ duration }) => duration))).observe({
        entryTypes: ["measure"],
      });
    });
    if (engine !== "LiteRT.js") {
      await page.goto(counter.origin);
      await expect(page.locator("#engine-state")).toContainText("is ready");
    }
    const before = counter.sent.bytes;
    const start = performance.now();
    if (engine === "LiteRT.js") await page.goto(counter.origin);
    else await page.getByRole("radio", { name: engine }).check();
    await page.setInputFiles("#files", given("hopper-original.png"));
    await expect(page.locator(".card .verdict")).toBeVisible();
    const firstVerdict = performance.now() - start;
    await expect(page.locator("#engine-state")).toContainText(`${engine} is ready`);
    const bytes = counter.sent.bytes - before;
    await page.getByRole("button", { name: "Use the camera" }).click();
    const read = () => page.evaluate(() => (window as unknown as { taken: number[] }).taken);
    await expect.poll(async () => (await read()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(WARM_UP + FRAMES);
    const frames = (await read()).slice(WARM_UP).sort((a, b) => a - b);
    figures[engine] = { bytes, firstVerdict, frame: frames[Math.floor(frames.length / 2)]! };
    await context.close();
    counter.close();
  }
  await server.stop();
  writeFileSync(out!, JSON.stringify(figures));
});
