import { expect, test } from "vitest";
import { resizeSquare, letterbox } from "../../src/resize";
import { cases, differences, picture } from "./fixtures";

test.each(cases("squares"))("a square becomes the bytes that Python makes of it: %s", (_name, each) => {
  expect(differences(resizeSquare(picture(each.picture), each.side).data, picture(each.expected).data)).toBe(0);
});

test.each(cases("letterboxes"))("a letterbox holds the bytes that Python puts there: %s", (_name, each) => {
  const { frame, scale } = letterbox(picture(each.picture), each.side);
  expect(differences(frame.data, picture(each.expected).data)).toBe(0);
  expect(scale).toBe(each.scale);
});
