/** First and second moments of what a layer reads and of what its output lacks, summed over batches. */

/**
 * Sums over rows (samples and positions) for each of `groups` independent regressions from `inputs`
 * features x to `outputs` residuals r. The features are those of `terms`, one after the other.
 */
export class Moments {
  count = 0;
  /** Σ x·xᵀ: groups × inputs × inputs. */
  readonly gram: Float64Array;
  /** Σ r·xᵀ: groups × outputs × inputs. */
  readonly cross: Float64Array;
  /** Σ x: groups × inputs. */
  readonly inputSum: Float64Array;
  /** Σ r: groups × outputs. */
  readonly residualSum: Float64Array;
  /** Σ t and Σ t² of what the outputs should be: groups × outputs. */
  readonly targetSum: Float64Array;
  readonly targetSquares: Float64Array;

  readonly inputs: number;

  /** @param terms numbers of features. */
  constructor(
    readonly groups: number,
    readonly terms: readonly number[],
    readonly outputs: number,
  ) {
    const inputs = (this.inputs = terms.reduce((sum, each) => sum + each, 0));
    this.gram = new Float64Array(groups * inputs * inputs);
    this.cross = new Float64Array(groups * outputs * inputs);
    this.inputSum = new Float64Array(groups * inputs);
    this.residualSum = new Float64Array(groups * outputs);
    this.targetSum = new Float64Array(groups * outputs);
    this.targetSquares = new Float64Array(groups * outputs);
  }

  add(rows: number, parts: MomentParts): void {
    this.count += rows;
    for (const key of momentKeys) accumulate(this[key], parts[key]);
  }

  /** The moments about the means (`centred`), or about zero, of one group, divided by the rows. */
  of(group: number, centred: boolean): { gram: Float64Array; cross: Float64Array } {
    const { inputs, outputs, count } = this;
    const x = this.inputSum.subarray(group * inputs, (group + 1) * inputs);
    const r = this.residualSum.subarray(group * outputs, (group + 1) * outputs);
    const gram = this.gram.slice(group * inputs * inputs, (group + 1) * inputs * inputs);
    const cross = this.cross.slice(group * outputs * inputs, (group + 1) * outputs * inputs);
    const shift = centred ? 1 / count : 0;
    for (let i = 0, at = 0; i < inputs; i++) {
      for (let j = 0; j < inputs; j++, at++) gram[at] = (gram[at] - x[i] * x[j] * shift) / count;
    }
    for (let o = 0, at = 0; o < outputs; o++) {
      for (let j = 0; j < inputs; j++, at++) cross[at] = (cross[at] - r[o] * x[j] * shift) / count;
    }
    return { gram, cross };
  }
}

export const momentKeys = [
  'gram',
  'cross',
  'inputSum',
  'residualSum',
  'targetSum',
  'targetSquares',
] as const;
export type MomentParts = Readonly<Record<(typeof momentKeys)[number], ArrayLike<number>>>;

function accumulate(target: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < target.length; i++) target[i] += values[i];
}
