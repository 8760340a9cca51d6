/** How large the weights of a layer's channels are, under factors that have not been applied yet. */

import { floats } from '../../ir/tensor';
import { forEachInput } from '../sparsify/matrix';
import type { RescaledLayer } from './layers';

export class ChannelRanges {
  /** Largest magnitude over the taps: outputs × channels that one output reads. */
  private readonly largest: Float64Array;
  /** Factors of the channels it reads and gives. */
  readonly inputFactors: Float64Array;
  readonly outputFactors: Float64Array;

  constructor(readonly layer: RescaledLayer) {
    const { matrix, weight, inputs } = layer;
    const values = floats(weight);
    this.largest = new Float64Array(matrix.outputs * matrix.channels);
    this.inputFactors = new Float64Array(inputs).fill(1);
    this.outputFactors = new Float64Array(matrix.outputs).fill(1);
    for (let o = 0; o < matrix.outputs; o++) {
      const from = o * matrix.channels - matrix.firstChannels[o];
      forEachInput(matrix, o, (at, channel) => {
        const magnitude = Math.abs(values[at]);
        if (magnitude > this.largest[from + channel]) this.largest[from + channel] = magnitude;
      });
    }
  }

  /** Largest magnitude of the weights of each output channel. */
  ofOutputs(): Float64Array {
    const { outputs } = this.layer.matrix;
    const ranges = new Float64Array(outputs);
    this.each((output, _, range) => {
      if (range > ranges[output]) ranges[output] = range;
    });
    return ranges;
  }

  /** Largest magnitude of the weights that read each input channel. */
  ofInputs(): Float64Array {
    const ranges = new Float64Array(this.layer.inputs);
    this.each((_, input, range) => {
      if (range > ranges[input]) ranges[input] = range;
    });
    return ranges;
  }

  private each(visit: (output: number, input: number, range: number) => void): void {
    const { outputs, channels, firstChannels } = this.layer.matrix;
    for (let o = 0, at = 0; o < outputs; o++) {
      for (let c = 0; c < channels; c++, at++) {
        const input = firstChannels[o] + c;
        visit(o, input, this.largest[at] * this.outputFactors[o] * this.inputFactors[input]);
      }
    }
  }
}

/** Bits of a common grid that the average channel leaves unused: log₂ (largest range / its own). */
export function unusedBits(ranges: Float64Array): number {
  const live = ranges.filter((range) => range > 0);
  if (live.length === 0) return 0;
  const most = live.reduce((a, b) => Math.max(a, b));
  return live.reduce((sum, range) => sum + Math.log2(most / range), 0) / live.length;
}
