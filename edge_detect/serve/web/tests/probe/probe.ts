// A page for the parity test: `probe(case)` has a worker decode and score a file of the set with the page's own modules.

import type { Case, Measured } from "./measured";

const worker = new Worker(new URL("./probe.worker.ts", import.meta.url));

(window as unknown as { probe: (each: Case) => Promise<Measured> }).probe = (each) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Measured | string>) =>
      typeof data === "string" ? reject(new Error(data)) : resolve(data);
    worker.postMessage(each);
  });
