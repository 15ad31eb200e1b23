// The card that a `.tflite` file carries: a small zip archive behind the flatbuffer, see `edge_detect/card.py`.

import { ModelError } from "./errors";

/** What the page needs of a card; there is more in it. */
export interface Card {
  readonly card_version: number;
  readonly name: string;
  readonly version: string;
  readonly kind: string;
  readonly input_side: number;
  readonly output: string;
  readonly outputs: Readonly<Record<string, number>>;
  readonly mirrored?: boolean;
  readonly precision: string;
  readonly calibration: { readonly scale: number; readonly bias: number };
  readonly thresholds: { readonly real: number; readonly fake: number; readonly face: number };
  readonly sha256: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

const CARD_VERSION = 1;
/** What the page takes from each kind of model. */
const OUTPUTS = { classifier: "logit", finder: "heat" } as const;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const DEFLATED = 8;

/** Split a `.tflite` file into flatbuffer and card. Throws ModelError when it has none, or they do not match. */
export async function unpack(data: Bytes): Promise<{ flatbuffer: Bytes; card: Card }> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let unpacked;
  try {
    unpacked = await readArchive(data, view);
  } catch (error) {
    throw new ModelError("a model carries no card, so its output has no meaning; build the page again", { cause: error });
  }
  const { flatbuffer, card } = unpacked;
  requireVersion(card);
  // Only pages from a secure place get the browser's cryptography; elsewhere the server's word has to do.
  if (globalThis.crypto?.subtle && (await sha256(flatbuffer)) !== card.sha256) {
    throw new ModelError("a model does not match the hash in its card: it was damaged on the way; load the page again");
  }
  return { flatbuffer, card };
}

/** Throws ModelError when the model is of another kind, or answers in a way that the page does not know. */
export function requireKind(card: Card, kind: keyof typeof OUTPUTS): void {
  requireVersion(card);
  if (card.kind === kind && card.output === OUTPUTS[kind]) return;
  throw new ModelError(
    `the model ${card.name} is a ${card.kind} that answers with ${card.output}, and the page needs a ${kind} that answers ` +
      `with ${OUTPUTS[kind]}; build the page with another model`,
  );
}

function requireVersion(card: Card): void {
  if (card.card_version !== CARD_VERSION) throw new ModelError(`a model's card is not of version ${CARD_VERSION}`);
}

async function readArchive(data: Bytes, view: DataView): Promise<{ flatbuffer: Bytes; card: Card }> {
  let end = data.length - END_SIZE;
  while (view.getUint32(end, true) !== END) end--;
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const shift = end - size - view.getUint32(end + 16, true); // of offsets that count from the archive's own start
  let at = end - size;
  let first = data.length;
  let json: Promise<string> | undefined;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== ENTRY) throw new ModelError("no entry");
    const nameLength = view.getUint16(at + 28, true);
    const offset = shift + view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(data.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength));
    if (name === "card.json") {
      const start = offset + LOCAL_SIZE + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      const packed = data.subarray(start, start + view.getUint32(at + 20, true));
      json = view.getUint16(at + 10, true) === DEFLATED ? inflate(packed) : Promise.resolve(new TextDecoder().decode(packed));
    }
    first = Math.min(first, offset);
    at += ENTRY_SIZE + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  if (!json) throw new ModelError("no card.json");
  return { flatbuffer: data.slice(0, first), card: JSON.parse(await json) as Card };
}

async function inflate(data: Bytes): Promise<string> {
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
}

async function sha256(data: Bytes): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
