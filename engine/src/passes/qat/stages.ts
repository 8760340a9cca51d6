/**
 * Few bits are learned step by step: with four bits first, then with one less at a time, each stage
 * beginning with the weights that the one before has learned (as APoT does, Y. Li et al., arXiv
 * 1909.13144). Wider stages are halfway houses: they share half of the epochs.
 */

/** No weight and no value has fewer bits than `least` for so many epochs. */
export interface Stage {
  readonly least: number;
  readonly epochs: number;
}

/** Down to which nothing is gained by going slowly. */
const narrowestAtOnce = 4;

/**
 * @param bits the fewest that anything will have.
 * @returns at least one epoch for each; where there are too few for all, the widest are left out.
 */
export function stagesOf(bits: number, epochs: number, progressive: boolean): Stage[] {
  const before = [];
  if (progressive) for (let least = narrowestAtOnce; least > bits; least--) before.push(least);
  const kept = before.slice(Math.max(0, before.length - (epochs - 1)));
  const each = kept.length > 0 ? Math.max(1, Math.floor(epochs / 2 / kept.length)) : 0;
  return [
    ...kept.map((least) => ({ least, epochs: each })),
    { least: bits, epochs: epochs - each * kept.length },
  ];
}
