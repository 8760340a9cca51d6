/** Test support: NumPy's files, written. */

import { zipSync } from 'fflate';

/** A little-endian .npy array of a type such as `<f4`. */
export function npy(descr: string, dims: readonly number[], data: ArrayBufferView): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims.join(',')},), }\n`;
  const start = [0x93, ...Buffer.from('NUMPY'), 1, 0, header.length % 256, header.length >> 8];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Uint8Array.from([...start, ...Buffer.from(header), ...bytes]);
}

/** An .npz of such arrays by their names. */
export function npz(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, array] as const);
  return zipSync(Object.fromEntries(members));
}
