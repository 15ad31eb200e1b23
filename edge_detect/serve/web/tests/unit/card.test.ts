import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unpack } from "../../src/card";
import { bytes, cases } from "./fixtures";

test.each(cases("cards"))("a model's card is the one that Python reads: %s", async (_name, each) => {
  const { flatbuffer, card } = await unpack(bytes(each.model));
  expect(each.card).toMatchObject(card); // Python adds defaults
  expect(flatbuffer.length).toBe(each.length);
});

test.each(cases("cards"))("a model that was damaged on the way is refused: %s", async (_name, each) => {
  const data = bytes(each.model);
  data[1000]! ^= 1;
  await expect(unpack(data)).rejects.toThrow("does not match the hash in its card");
});

test("a file without a card is refused", async () => {
  const data = new Uint8Array(readFileSync(new URL("../../package.json", import.meta.url)));
  await expect(unpack(data)).rejects.toThrow("carries no card");
});
