import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { requireKind, unpack, type Card } from "../../src/card";
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

test("a model whose answer means something else is refused, not misread", () => {
  const card = { card_version: 1, name: "guest", kind: "classifier", output: "logit" } as Card;
  expect(() => requireKind(card, "classifier")).not.toThrow();
  expect(() => requireKind({ ...card, output: "probability" }, "classifier")).toThrow("answers with probability");
  expect(() => requireKind({ ...card, kind: "labeller", output: "logits" }, "classifier")).toThrow("guest is a labeller");
  expect(() => requireKind(card, "finder")).toThrow("needs a finder that answers with heat");
  expect(() => requireKind({ ...card, card_version: 2 }, "classifier")).toThrow("not of version 1");
});
