/** float32 to float16, fast enough for batches of images; `ir/float-formats.ts` has the way back. */

/** Rounds to the nearest IEEE 754 half, ties to even; overflow becomes infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i] >>> 16) & 0x8000;
    halves[i] = sign | magnitude(bits[i] & 0x7fffffff, values[i]);
  }
  return halves;
}

function magnitude(bits: number, value: number): number {
  if (bits > 0x7f800000) return 0x7e00;
  // 65520 lies halfway between the largest half and what would be the next one.
  if (bits >= 0x477ff000) return 0x7c00;
  if (bits < 0x38800000) return roundToEven(Math.abs(value) * 2 ** 24);
  const rounded = bits + 0xfff + ((bits >>> 13) & 1);
  return (rounded - 0x38000000) >>> 13;
}

function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
