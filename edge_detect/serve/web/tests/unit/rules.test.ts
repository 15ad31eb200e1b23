import { expect, test } from "vitest";
import { decode, merge, suppress } from "../../src/finder";
import { readHeader } from "../../src/header";
import type { Outputs } from "../../src/network";
import { decimals } from "../../src/rounding";
import { faceSquare } from "../../src/squares";
import { bytes, cases } from "./fixtures";

const SIDE = 32;

test.each(cases("crops"))("a face is cut out where Python cuts it: %s", (_name, each) => {
  expect(faceSquare(each.box, each.width, each.height)).toEqual(each.expected);
});

test.each(cases("searches"))("a finder's outputs mean the faces that Python sees in them: %s", (_name, each) => {
  const outputs = (which: string) =>
    Object.fromEntries(["heat", "size", "offset"].map((name) => [name, Float32Array.from(each[name + which])]));
  const found = suppress(decode(merge(outputs("One"), outputs("Two"), SIDE), SIDE, each.threshold));
  expect(found.length).toBe(each.boxes.length);
  found.forEach(({ box, score }, index) => {
    expect(score).toBeCloseTo(each.scores[index], 5);
    box.forEach((value, corner) => expect(value).toBeCloseTo(each.boxes[index][corner], 3));
  });
});

test.each(["heat", "size", "offset"])("a finder whose %s is not a number is damaged, and finds no empty picture", (name) => {
  const [heat, size, offset] = [1, 2, 2].map((depth) => new Float32Array(depth * SIDE ** 2));
  const outputs: Outputs = { heat: heat!, size: size!, offset: offset! };
  outputs[name]![7] = NaN;
  expect(() => decode(outputs, SIDE, 0.5)).toThrow("the finder answers nonsense");
});

test.each(cases("headers"))("a header is read as Python reads it, or refused in the same words: %s", (name, each) => {
  const read = () => readHeader(bytes(each.data));
  if (/tiff?$/.test(name)) expect(read).toThrow("browsers cannot decode TIFF");
  else if (each.error) expect(read).toThrow(each.error);
  else expect(read()).toEqual(each.header);
});

test.each(cases("rounded"))("a number is rounded as Python rounds it: %s", (_name, each) => {
  expect(decimals(each.value, each.digits)).toBe(each.expected);
});
