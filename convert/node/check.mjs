// Answers pictures with a graph model: node check.mjs FOLDER PICTURES SIDE → JSON on stdout, a list of outputs by name.
// PICTURES holds float32 pixels 0–255, one picture of SIDE × SIDE × 3 after the other.

import { readFileSync } from "node:fs";
import { join } from "node:path";

console.log = console.warn = console.info = () => {}; // TensorFlow.js greets on stdout, which is for the answers
const tf = await import("@tensorflow/tfjs");

const [folder, pictures, side] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const description = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
const [{ paths, weights }] = description.weightsManifest;
const data = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
await tf.setBackend("cpu");
const model = await tf.loadGraphModel({
  load: async () => ({
    modelTopology: description.modelTopology,
    signature: description.signature,
    weightSpecs: weights,
    weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength),
  }),
});
const names = Object.keys(description.signature.outputs);
const bytes = readFileSync(pictures);
const pixels = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const size = side * side * 3;
const answers = [];
for (let at = 0; at < pixels.length; at += size) {
  const outputs = model.predict(tf.tensor4d(pixels.subarray(at, at + size), [1, side, side, 3]));
  const one = {};
  names.forEach((name, index) => {
    const tensor = names.length === 1 ? (outputs.dataSync ? outputs : (outputs[name] ?? outputs[0])) : (outputs[name] ?? outputs[index]);
    one[name] = Array.from(tensor.dataSync());
  });
  answers.push(one);
}
process.stdout.write(JSON.stringify(answers));
