// LiteRT.js loads files of its own by their names: they are served from here, in a folder named after their version.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** With relaxed SIMD, and without it for older browsers; each browser loads one. */
const NAMES = ["litert_wasm_internal", "litert_wasm_compat_internal"];

export function litert(folder: string, from: string): Plugin {
  return {
    name: "litert-files",
    apply: "build",
    generateBundle() {
      for (const name of NAMES.flatMap((each) => [`${each}.js`, `${each}.wasm`])) {
        this.emitFile({ type: "asset", fileName: `${folder}/${name}`, source: readFileSync(join(from, name)) });
      }
    },
  };
}
