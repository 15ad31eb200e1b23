import { expect, test } from "vitest";
import type { Card } from "../../src/card";
import { classify } from "../../src/detector";
import type { Network } from "../../src/network";
import { blank, CHANNELS, mirror } from "../../src/pixels";

const SIDE = 4;

/** A classifier whose logit is the red of the first pixel over 100, and whose patches are the red of every pixel. */
function leftEye(mirrored: boolean): Network {
  const card = { name: "left eye", input_side: SIDE, output: "logit", mirrored, calibration: { scale: 1, bias: 0 } };
  return {
    card: card as Card,
    run: (picture) => {
      const red = Float32Array.from(picture.data.filter((_value, index) => index % CHANNELS === 0));
      return Promise.resolve({ logit: Float32Array.of(red[0]! / 100), patches: red });
    },
  };
}

test("a mirrored classifier answers alike for a face and its mirror image, and each patch stays where it was", async () => {
  const picture = blank(SIDE, SIDE);
  for (let row = 0; row < SIDE; row++) picture.data[row * SIDE * CHANNELS] = 200;
  const box = [0, 0, SIDE, SIDE] as const;
  const plain = await classify(leftEye(false), picture, box);
  const both = await classify(leftEye(true), picture, box);
  const turned = await classify(leftEye(true), mirror(picture), box);
  expect(plain.score).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  expect(both.score).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect(turned.score).toBe(both.score);
  expect([...both.patches]).toEqual([...plain.patches]);
});
