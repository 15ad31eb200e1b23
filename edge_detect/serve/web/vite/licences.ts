// The licences of what the page is made of, as those ask for, in a file beside it.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly license?: string; readonly dev?: boolean }>>;
}

export function licences(root: string): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
      const parts = Object.entries(packages)
        .filter(([path, { dev }]) => path && !dev)
        .map(([path, { version, license }]) => {
          const text = readdirSync(join(root, path)).find((name) => /^licen[cs]e/i.test(name));
          const title = `${path.replace(/^.*node_modules\//, "")} ${version}: ${license}`;
          return text ? `${title}\n\n${readFileSync(join(root, path, text), "utf8").trim()}` : title;
        });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: `${parts.join("\n\n---\n\n")}\n` });
    },
  };
}
