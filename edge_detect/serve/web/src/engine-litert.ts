// LiteRT.js: the very `.tflite` files that Python runs, int8 on the CPU by WebAssembly.

import { loadAndCompile, loadLiteRt, Tensor, type CompiledModel } from "@litertjs/core";
import { requireKind, unpack, type Card } from "./card";
import { fetchBytes } from "./fetching";
import type { Engine, Network, Outputs } from "./network";
import type { Picture } from "./pixels";
import classifierUrl from "../../../../models/deepfake/deepfake-int8.tflite?url";
import finderUrl from "../../../../models/face/face-int8.tflite?url";

/** Load both models. Throws ModelError when one is damaged. */
export async function loadEngine(): Promise<Engine> {
  const folder = new URL(`${__LITERT__}/`, self.location.href);
  // LiteRT's loader takes these from a global, which it clears afterwards; its greetings are no errors.
  (self as { Module?: object }).Module = {
    locateFile: (file: string) => new URL(file, folder).href,
    printErr: (line: string) => {
      if (!/^(INFO|WARNING):/.test(line)) console.error(line);
    },
  };
  const [, classifier, finder] = await Promise.all([
    loadLiteRt(folder.href, { threads: false }),
    fetchBytes(classifierUrl),
    fetchBytes(finderUrl),
  ]);
  return {
    name: "LiteRT.js",
    precision: "int8",
    classifier: await LiteRtNetwork.load("classifier", classifier),
    finder: await LiteRtNetwork.load("finder", finder),
  };
}

class LiteRtNetwork implements Network {
  private constructor(
    readonly card: Card,
    private readonly model: CompiledModel,
  ) {}

  static async load(kind: "classifier" | "finder", data: Uint8Array<ArrayBuffer>): Promise<LiteRtNetwork> {
    const { flatbuffer, card } = await unpack(data);
    requireKind(card, kind);
    return new LiteRtNetwork(card, await loadAndCompile(flatbuffer, { accelerator: "wasm" }));
  }

  async run(picture: Picture): Promise<Outputs> {
    const input = new Tensor(picture.data, [1, picture.height, picture.width, 3]);
    const tensors = await this.model.run(input);
    input.delete();
    const values = tensors.map((tensor) => tensor.toTypedArray() as Float32Array);
    tensors.forEach((tensor) => tensor.delete());
    return Object.fromEntries(Object.entries(this.card.outputs).map(([name, index]) => [name, values[index]!]));
  }
}
