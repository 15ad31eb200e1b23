// Rounding as Python and OpenCV do it: a half goes to the even neighbour.

export function rint(value: number): number {
  const rounded = Math.floor(value + 0.5);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** A number to so many decimals, as Python's `round` gives it. */
export function decimals(value: number, digits: number): number {
  // Only such a number can lie exactly in the middle, and then the product below is exact.
  const canBeHalf = Number.isInteger(value * 2 ** (digits + 1));
  return canBeHalf ? rint(value * 10 ** digits) / 10 ** digits : Number(value.toFixed(digits));
}
