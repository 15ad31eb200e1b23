import { decode } from "../../src/decode";
import { classify } from "../../src/detector";
import { loadEngine as loadLiteRt } from "../../src/engine-litert";
import { loadEngine as loadTfjs } from "../../src/engine-tfjs";
import { fetchBytes } from "../../src/fetching";
import type { Box } from "../../src/squares";
import type { Case, Measured } from "./measured";

const engines = Promise.all([loadLiteRt(), loadTfjs()]);

self.onmessage = ({ data }: MessageEvent<Case>) => {
  measure(data).then(
    (measured) => self.postMessage(measured),
    (error: unknown) => self.postMessage(String(error)),
  );
};

async function measure(each: Case): Promise<Measured> {
  const [litert, tfjs] = await engines;
  const { pixels, width, height } = await decode(await fetchBytes(`/set/${each.file}`), each.longer);
  const expected = await fetchBytes(`/set/${each.pixels}`);
  if (expected.length !== pixels.data.length) throw new Error(`${each.file}: ${pixels.width}×${pixels.height} decoded pixels`);
  let count = 0;
  let largest = 0;
  expected.forEach((value, index) => {
    const difference = Math.abs(value - pixels.data[index]!);
    count += Number(difference > 0);
    largest = Math.max(largest, difference);
  });
  const box = each.box.map((value, index) =>
    index % 2 === 0 ? (value * pixels.width) / width : (value * pixels.height) / height,
  ) as unknown as Box;
  const scores = {
    litert: (await classify(litert.classifier, pixels, box)).score,
    tfjs: (await classify(tfjs.classifier, pixels, box)).score,
  };
  return { scores, differing: count / expected.length, largest };
}
