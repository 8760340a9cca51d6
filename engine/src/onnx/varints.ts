/** Packed varints to little-endian integers and back, in bulk. */

import type { ElementKind } from './schema';

/**
 * Decodes `count` varints to little-endian integers of `width` bytes each. A trailing unfinished
 * varint and bytes beyond the 64th bit are dropped, as protobuf does.
 */
export function readVarints(bytes: Uint8Array, count: number, width: 4 | 8): Uint8Array {
  const halves = new Uint32Array((count * width) / 4);
  const step = width / 4;
  let low = 0;
  let high = 0;
  let shift = 0;
  let at = 0;
  for (const byte of bytes) {
    const bits = byte & 127;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high |= bits >> 4;
    } else if (shift < 64) high |= bits << (shift - 32);
    shift += 7;
    if (byte >= 128) continue;
    halves[at] = low;
    if (step === 2) halves[at + 1] = high;
    at += step;
    low = high = shift = 0;
  }
  return new Uint8Array(halves.buffer);
}

/** Encodes little-endian integers as packed varints; negative int32 take ten bytes, as protobuf does. */
export function writeVarints(bytes: Uint8Array, kind: ElementKind): Uint8Array {
  const width = kind === 'int32' ? 4 : 8;
  const count = Math.floor(bytes.byteLength / width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = new Uint8Array(count * 10);
  let at = 0;
  for (let i = 0; i < count; i++) {
    let low = view.getUint32(i * width, true);
    let high = width === 8 ? view.getUint32(i * width + 4, true) : (low | 0) < 0 ? 0xffffffff : 0;
    while (high !== 0 || low > 127) {
      result[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    result[at++] = low;
  }
  return result.subarray(0, at);
}
