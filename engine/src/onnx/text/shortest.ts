/** Numbers as text: the fewest digits that read back to the same float32 or float64. */

/** Exact as doubles: 10^0 … 10^22. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * The shortest decimal that rounds to this float32, written as JavaScript writes numbers; `inf` and
 * `nan` as the ONNX syntax spells them. NaN loses its sign here: the caller knows the bits.
 */
export function floatText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (!Number.isFinite(value)) return special(value);
  return value < 0 ? `-${shortestFloat(-value)}` : `${shortestFloat(value)}`;
}

export function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return special(value);
}

/** A number that cannot be taken for a whole number, for places without a type. */
export function asFloatLiteral(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function special(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/**
 * The double whose own shortest text is the shortest text of the float32 `value` > 0. Six digits
 * survive a float32, nine are enough for any; whole numbers below 2^53 scaled by an exact power of
 * ten are correctly rounded, so for ordinary magnitudes no text is made on the way.
 */
function shortestFloat(value: number): number {
  if (value < 1e-12 || value >= 1e6) return searchDigits(value);
  let exponent = Math.floor(Math.log10(value));
  if (value >= 10 ** (exponent + 1)) exponent++;
  for (let digits = 6; digits <= 9; digits++) {
    const scale = powers[digits - 1 - exponent];
    const candidate = Math.round(value * scale) / scale;
    if (Math.fround(candidate) === value) return candidate;
  }
  return searchDigits(value);
}

function searchDigits(value: number): number {
  // Below the normal numbers fewer than six digits may tell two neighbours apart.
  for (let digits = value < 2 ** -126 ? 1 : 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}
