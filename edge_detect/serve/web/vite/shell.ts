// What the service worker keeps from the start, and a version that changes with any file of the page, models included.

import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const KEPT = /^(index\.html|manifest\.webmanifest|licences\.txt|icon[^/]*|assets\/(index|litert\.worker)-[^/]*\.(js|css))$/;
const PUBLIC = ["manifest.webmanifest"];

export function shell(): Plugin {
  return {
    name: "shell-of-the-service-worker",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const hash = createHash("sha256");
        for (const [name, file] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
          hash.update(name).update(file.type === "chunk" ? file.code : file.source);
        }
        const names = [...new Set([...Object.keys(bundle), ...PUBLIC])];
        const files = ["/", ...names.filter((name) => KEPT.test(name) && name !== "index.html").map((name) => `/${name}`)];
        const worker = bundle["sw.js"];
        if (worker?.type !== "chunk" || !worker.code.includes("__SHELL__")) throw new Error("sw.js has no place for files");
        const assets = names.filter((name) => name.startsWith("assets/")).map((name) => `/${name}`);
        const facts = JSON.stringify({ version: hash.digest("hex").slice(0, 16), files, assets });
        worker.code = worker.code.replaceAll("__SHELL__", facts);
      },
    },
  };
}
