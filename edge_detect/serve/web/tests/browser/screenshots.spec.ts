// Pictures of the page for the documents, for `make page-figures`: public-domain portraits, on a desk and on a phone.

import { join } from "node:path";
import { expect, given, test } from "./served";

const folder = process.env["EDGE_DETECT_SCREENSHOTS"];

test.skip(!folder, "pictures of the page are made by `make page-figures`");
test.use({ deviceScaleFactor: 1.5 });

test("on a desk, light", async ({ site }) => {
  await site.setViewportSize({ width: 1200, height: 1000 });
  await site.setInputFiles("#files", ["hopper-original.png", "collins-face-swapped.png", "half.jpg"].map(given));
  await expect(site.locator(".card .verdict")).toHaveCount(3);
  await site.getByRole("button", { name: "Heatmap" }).nth(1).click();
  await site.screenshot({ path: join(folder!, "page-desktop.jpg"), type: "jpeg", quality: 75, fullPage: true });
});

test("on a phone, dark", async ({ context, site, server }) => {
  await context.grantPermissions(["camera"], { origin: server.origin });
  await site.emulateMedia({ colorScheme: "dark" });
  await site.setViewportSize({ width: 390, height: 1440 });
  await site.setInputFiles("#files", given("collins-original.png"));
  await expect(site.locator(".card .verdict")).toHaveCount(1);
  await site.screenshot({ path: join(folder!, "page-phone.jpg"), type: "jpeg", quality: 82 });
});
