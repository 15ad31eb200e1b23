import { createServer, type ServerResponse } from "node:http";
import type { Browser } from "@playwright/test";
import { expect, given, Server, test } from "./served";

const card = ".card";

/** A page that is kept, of a server that has stopped since; the context is to be closed. */
async function keptPage(browser: Browser) {
  const server = await Server.start();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.origin);
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await expect(page.locator("#offline")).toHaveText("Works offline from now on.");
  await server.stop();
  return { origin: server.origin, context, page };
}

test("after the first load, the page works with the server stopped", async ({ browser }) => {
  const { context, page } = await keptPage(browser);
  await page.reload();
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .box`)).toHaveCount(1);
  await page.getByRole("radio", { name: "TensorFlow.js" }).check();
  await expect(page.locator("#engine-state")).toContainText("load the page again, or look whether the server is still there.");
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .trouble`)).toContainText("This picture was not scored");
  await context.close();
});

test("what was loaded before the service worker came is kept, too, and so are the licences", async ({ browser }) => {
  const server = await Server.start();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    const { serviceWorker } = navigator;
    const register = serviceWorker.register.bind(serviceWorker);
    const engine = () => document.querySelector("#engine-state")?.textContent ?? "";
    serviceWorker.register = async (...given) => {
      while (!engine().includes("is ready")) await new Promise((resolve) => setTimeout(resolve, 100));
      return register(...given);
    };
  });
  await page.goto(server.origin);
  await expect(page.locator("#offline")).toHaveText("Works offline from now on.");
  await server.stop();
  const offline = await context.newPage();
  await (await context.newCDPSession(offline)).send("Network.clearBrowserCache"); // it may go at any time
  await offline.goto(server.origin);
  await expect(offline.locator("#engine-state")).toContainText("LiteRT.js is ready");
  expect((await offline.goto(`${server.origin}/licences.txt`))!.status()).toBe(200);
  await context.close();
});

test("where the browser has no room left, the page works, and promises no more", async ({ context, page, server }) => {
  const session = await context.newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: 3_000_000 });
  await page.goto(server.origin);
  await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
  expect(await page.evaluate(() => navigator.serviceWorker.controller !== null), "a service worker is there").toBe(true);
  await page.setInputFiles("#files", given("hopper-original.png"));
  await expect(page.locator(`${card} .box`)).toHaveCount(1);
  await expect(page.locator("#offline")).toHaveText("");
});

const IN_FRONT = {
  "a server in front that answers for one that is gone": (response: ServerResponse) => void response.writeHead(502).end(),
  "a server that does not answer": () => {},
};

for (const [name, answer] of Object.entries(IN_FRONT)) {
  test(`${name} does not take the page away`, async ({ browser }) => {
    const { origin, context, page } = await keptPage(browser);
    const front = createServer((_request, response) => answer(response)).listen(Number(new URL(origin).port), "127.0.0.1");
    await page.reload();
    await expect(page.locator("#engine-state")).toContainText("LiteRT.js is ready");
    await context.close();
    front.closeAllConnections();
    front.close();
  });
}
