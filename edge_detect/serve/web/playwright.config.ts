import { defineConfig } from "@playwright/test";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "../../../build/playwright",
  fullyParallel: false,
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 30_000 },
  reporter: "list",
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox", // CI runs as root
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-device-for-media-stream",
        "--host-resolver-rules=MAP insecure.test 127.0.0.1", // any name but localhost is no secure place
        ...(process.env["EDGE_DETECT_CLIP"] ? [`--use-file-for-fake-video-capture=${process.env["EDGE_DETECT_CLIP"]}`] : []),
      ],
    },
  },
});
