// The page as the real server gives it, and a watch over what the browser asks for.

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";

const ROOT = join(import.meta.dirname, "../../../../..");

/** A server of this checkout's own, stopped by `stop`. */
export class Server {
  private constructor(
    readonly origin: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(...options: string[]): Promise<Server> {
    const python = process.env["EDGE_DETECT_PYTHON"] ?? join(ROOT, ".venv-dev/bin/python");
    const command = ["-m", "edge_detect", "serve", "--port", "0", ...options];
    const child = spawn(python, command, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
    process.once("exit", () => child.kill()); // where a test failed before it came to `stop`
    const origin = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stderr!.on("data", (text: Buffer) => {
        said += text.toString();
        const found = /serving (http:\/\/[^/\s]+)/.exec(said);
        if (found) resolve(found[1]!);
      });
      child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
    return new Server(origin, child);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.on("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }
}

interface Fixtures {
  /** The loaded page; afterwards, nothing but its own origin may have been asked, and nothing may have gone wrong. */
  readonly site: Page;
}

export const test = base.extend<Fixtures, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  site: async ({ context, page, server }, use) => {
    const asked: string[] = [];
    const complaints: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(server.origin);
    await expect(page.locator("#engine-state")).toContainText("is ready");
    await use(page);
    const elsewhere = asked.filter((url) => !url.startsWith(`${server.origin}/`) && !/^(blob|data):/.test(url));
    expect(elsewhere, "requests that left the origin").toEqual([]);
    expect(complaints.filter((text) => !text.includes("ERR_CONNECTION_REFUSED")), "errors on the page").toEqual([]);
  },
});

export { expect };

/** A file of the folder that pytest made: portraits, broken files, a clip. */
export function given(name: string): string {
  const folder = process.env["EDGE_DETECT_PICTURES"];
  if (!folder) throw new Error("these tests are run by pytest, which makes their pictures: pytest tests/test_page.py");
  return join(folder, name);
}
