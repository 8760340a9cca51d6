/** The instruction sets that decide which kernels a runtime runs. */

const telling = [
  'sse4_1',
  'avx',
  'avx2',
  'fma',
  'avx_vnni',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_int8',
  'amx_bf16',
  'asimd',
  'asimdhp',
  'asimddp',
  'i8mm',
  'bf16',
  'sve',
];

/** @param flags of `/proc/cpuinfo`, separated by spaces. */
export function instructionsOf(flags: string): string[] {
  const words = new Set(flags.split(/\s+/));
  return telling.filter((each) => words.has(each));
}
