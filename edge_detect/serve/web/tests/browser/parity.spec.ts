// The page and Python score the same files, at the same places: see `tests/parity.py`, which makes the set.

import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { build, preview, type InlineConfig, type PreviewServer } from "vite";
import { litert } from "../../vite/litert.ts";
import type { Case, Measured } from "../probe/measured";

const LIMITS = { litert: 0.01, tfjs: 0.02 };
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = process.env["EDGE_DETECT_PARITY"];

test.skip(!folder, "the set is made by `python tests/parity.py`");

let server: PreviewServer;

test.beforeAll(async () => {
  const config: InlineConfig = {
    configFile: false,
    logLevel: "error",
    root: here("../probe"),
    define: { __LITERT__: JSON.stringify("litert") },
    plugins: [
      litert("assets/litert", here("../../node_modules/@litertjs/core/wasm")),
      {
        name: "the-set",
        configurePreviewServer: ({ middlewares }) => {
          middlewares.use("/set", (request, response) => {
            createReadStream(join(folder!, basename(request.url!))).pipe(response);
          });
        },
      },
    ],
    worker: { format: "iife" },
    build: { outDir: join(folder!, "site"), emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
    preview: { port: 0, host: "127.0.0.1" },
  };
  await build(config);
  server = await preview(config);
});

test.afterAll(() => server?.close());

test("scores for a given box are Python's, and decoded pixels nearly so", async ({ page }) => {
  test.setTimeout(300_000);
  const set = JSON.parse(readFileSync(join(folder!, "set.json"), "utf8")) as Case[];
  await page.goto(server.resolvedUrls!.local[0]!);
  const results: (Case & { measured: Measured })[] = [];
  for (const each of set) {
    const measured = await page.evaluate(
      (one) => (window as unknown as { probe: (one: Case) => Promise<Measured> }).probe(one),
      each,
    );
    results.push({ ...each, measured });
  }
  writeFileSync(join(folder!, "results.json"), JSON.stringify(results));
  for (const { file, scores, measured } of results) {
    for (const engine of ["litert", "tfjs"] as const) {
      const difference = Math.abs(measured.scores[engine] - scores[engine]);
      expect.soft(difference, `${file} on ${engine}`).toBeLessThanOrEqual(LIMITS[engine]);
    }
  }
});
