// TensorFlow.js: the float32 graph models that `python -m convert.page` writes, on the CPU by WebAssembly.

import { loadGraphModel, type GraphModel } from "@tensorflow/tfjs-converter";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import plainWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simdWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import { requireKind, type Card } from "./card";
import { fetchBytes, fetchJson } from "./fetching";
import type { Engine, Network, Outputs } from "./network";
import type { Picture } from "./pixels";
import classifierCard from "../graphs/deepfake/card.json?url";
import classifierGraph from "../graphs/deepfake/model.json?url";
import classifierWeights from "../graphs/deepfake/weights.bin?url";
import finderCard from "../graphs/face/card.json?url";
import finderGraph from "../graphs/face/model.json?url";
import finderWeights from "../graphs/face/weights.bin?url";

interface Description {
  readonly modelTopology: object;
  readonly signature: { readonly outputs: Readonly<Record<string, { readonly name: string }>> };
  readonly weightsManifest: readonly [{ readonly weights: tf.io.WeightsManifestEntry[] }];
}

/** Load both models. Throws ModelError when one cannot be fetched. */
export async function loadEngine(): Promise<Engine> {
  setWasmPaths({
    "tfjs-backend-wasm.wasm": plainWasm,
    "tfjs-backend-wasm-simd.wasm": simdWasm,
    "tfjs-backend-wasm-threaded-simd.wasm": simdWasm, // must be named, but threads are off
  });
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  const [classifier, finder] = await Promise.all([
    TfjsNetwork.load("classifier", classifierCard, classifierGraph, classifierWeights),
    TfjsNetwork.load("finder", finderCard, finderGraph, finderWeights),
  ]);
  return { name: "TensorFlow.js", precision: "float32", classifier, finder };
}

class TfjsNetwork implements Network {
  private constructor(
    readonly card: Card,
    private readonly model: GraphModel,
    private readonly outputs: Description["signature"]["outputs"],
  ) {}

  static async load(
    kind: "classifier" | "finder",
    cardUrl: string,
    graphUrl: string,
    weightsUrl: string,
  ): Promise<TfjsNetwork> {
    const [card, graph, weights] = await Promise.all([
      fetchJson<Card>(cardUrl),
      fetchJson<Description>(graphUrl),
      fetchBytes(weightsUrl),
    ]);
    requireKind(card, kind);
    const model = await loadGraphModel({
      load: () =>
        Promise.resolve({
          modelTopology: graph.modelTopology,
          signature: graph.signature,
          weightSpecs: graph.weightsManifest[0].weights,
          weightData: weights.buffer,
        }),
    });
    return new TfjsNetwork(card, model, graph.signature.outputs);
  }

  async run(picture: Picture): Promise<Outputs> {
    const input = tf.tensor4d(new Float32Array(picture.data), [1, picture.height, picture.width, 3]);
    const nodes = Object.entries(this.outputs);
    const answer = this.model.execute(input, nodes.map(([, { name }]) => name));
    const tensors = Array.isArray(answer) ? answer : [answer];
    const values = await Promise.all(tensors.map((tensor) => tensor.data<"float32">()));
    tf.dispose([input, ...tensors]);
    return Object.fromEntries(nodes.map(([name], index) => [name, values[index]!]));
  }
}
