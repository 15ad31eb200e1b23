import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { compressed } from "./vite/compressed.ts";
import { icons } from "./vite/icons.ts";
import { licences } from "./vite/licences.ts";
import { litert } from "./vite/litert.ts";
import { shell } from "./vite/shell.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(here("node_modules/@litertjs/core/package.json"), "utf8")) as {
  version: string;
};
const folder = `litert-${version}`;
const out = here("../static");

export default defineConfig({
  define: { __LITERT__: JSON.stringify(folder) },
  plugins: [
    litert(`assets/${folder}`, here("node_modules/@litertjs/core/wasm")),
    icons(),
    licences(here(".")),
    shell(),
    compressed(out),
  ],
  // LiteRT.js loads a script by importScripts, which module workers do not have.
  worker: { format: "iife", rolldownOptions: { output: { entryFileNames: "assets/[name]-[hash].js" } } },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the server's policy allows no data: URL where code or a model is asked for
    modulePreload: false,
    rolldownOptions: {
      input: { index: here("index.html"), sw: here("src/sw.ts") },
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
});
