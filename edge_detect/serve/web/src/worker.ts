// The worker's side: pictures in, inspections out, one after the other, so that the page never freezes. Frames go before
// files: a camera shows what is now.

import { decode, fromFrame, type Decoded } from "./decode";
import { inspect, probability, type Inspected } from "./detector";
import { PictureError, wordsOf } from "./errors";
import type { Engine } from "./network";
import { previewOf } from "./preview";
import type { Answer, Forget, Heat, Inspection, Request } from "./protocol";
import { recordOf, unreadable } from "./record";
import { CROP_MARGIN } from "./squares";

const MAX_BYTES = 500_000_000;
/** A JPEG is decoded large enough for the crop of a face of this share of its longer side. */
const SMALLEST_SHARE = 0.08;

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Request | Forget>) => void;
  postMessage(answer: Answer): void;
};

/** Load an engine, say so, and answer frames, and files in their order. */
export function serve(load: () => Promise<Engine>): void {
  const loading = load();
  const waiting: Request[] = [];
  let work: Promise<unknown> = loading.then(
    ({ name, precision, classifier, finder }) => {
      const models = [classifier, finder].map(({ card }) => `${card.name} ${card.version}`);
      const files = [self.location.href, ...performance.getEntriesByType("resource").map((entry) => entry.name)];
      worker.postMessage({ kind: "ready", facts: { name, precision, models, files } });
    },
    (error: unknown) => worker.postMessage({ kind: "failed", error: wordsOf(error) }),
  );
  const answerNext = async (): Promise<void> => {
    const [request] = waiting.splice(Math.max(0, waiting.findIndex(({ kind }) => kind === "frame")), 1);
    if (!request) return; // it was forgotten
    try {
      const inspection = await answer(await loading, request);
      worker.postMessage({ kind: "done", id: request.id, inspection });
    } catch (error) {
      worker.postMessage({ kind: "broken", id: request.id, error: wordsOf(error) });
    }
  };
  worker.onmessage = ({ data: request }) => {
    if (request.kind === "forget") {
      const at = waiting.findIndex(({ id }) => id === request.id);
      if (at >= 0) waiting.splice(at, 1);
    } else {
      waiting.push(request);
      work = work.then(answerNext);
    }
  };
}

async function answer(engine: Engine, request: Request): Promise<Inspection> {
  const start = performance.now();
  const { card } = engine.classifier;
  if (request.kind === "frame") {
    const pixels = await fromFrame(request.frame);
    request.frame.close();
    const decoded = { pixels, width: pixels.width, height: pixels.height };
    return finish(engine, request.name, decoded, null, start);
  }
  try {
    const longer = Math.round(card.input_side / (CROP_MARGIN * SMALLEST_SHARE));
    const { decoded, preview } = await readFile(request.file, longer);
    return await finish(engine, request.file.name, decoded, preview, start);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    const record = unreadable(request.file.name, error.message, card);
    return { record, width: 0, height: 0, heats: [], preview: null, milliseconds: performance.now() - start };
  }
}

async function readFile(file: File, longer: number) {
  if (file.size > MAX_BYTES) throw new PictureError(`the file is larger than ${MAX_BYTES / 10 ** 6} MB`);
  let data;
  try {
    data = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new PictureError("the file cannot be read; was it moved, or is it a folder?", { cause: error });
  }
  const decoded = await decode(data, longer);
  return { decoded, preview: await previewOf(decoded.pixels) };
}

async function finish(
  engine: Engine,
  name: string,
  { pixels, width, height }: Decoded,
  preview: Blob | null,
  start: number,
): Promise<Inspection> {
  const { card } = engine.classifier;
  const scale = { x: width / pixels.width, y: height / pixels.height };
  const inspected = await inspect(engine, pixels);
  const faces = inspected.map(({ box: [x0, y0, x1, y1], ...face }) => ({
    ...face,
    box: [x0 * scale.x, y0 * scale.y, x1 * scale.x, y1 * scale.y] as const,
  }));
  const heats = inspected.map((face) => heatOf(face, scale.x, card));
  const milliseconds = performance.now() - start;
  return { record: recordOf(name, faces, card), width, height, heats, preview, milliseconds };
}

function heatOf({ square, patches }: Inspected, scale: number, card: Engine["classifier"]["card"]): Heat {
  const { left, top, side } = square;
  return {
    square: { left: left * scale, top: top * scale, side: side * scale },
    shares: patches.map((logit) => probability(logit, card)),
  };
}
