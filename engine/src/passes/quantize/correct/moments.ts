/** The moments of sampled patches: what a quadratic loss of a layer's output depends on. */

import { parseModel } from '../../../onnx/text/parse';
import { openModel } from '../../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../../runtime/runtime';
import type { Patches } from './patches';

/** Of one group. */
export interface PatchMoments {
  readonly rows: number;
  /** features × features: the sum of the products of what is read. */
  readonly gram: Float64Array;
  /** outputs × features: of what is given with what is read. */
  readonly cross: Float64Array;
  readonly readMean: Float64Array;
  readonly givenMean: Float64Array;
}

const sums = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
  moments (float[G,R,F] reads, float[G,R,M] gives)
    => (float[G,F,F] gram, float[G,M,F] cross, float[G,F] readMean, float[G,M] givenMean) {
  byOutput = Transpose<perm = [0, 2, 1]>(gives)
  byFeature = Transpose<perm = [0, 2, 1]>(reads)
  gram = MatMul(byFeature, reads)
  cross = MatMul(byOutput, reads)
  readMean = ReduceMean<axes = [1], keepdims = 0>(reads)
  givenMean = ReduceMean<axes = [1], keepdims = 0>(gives)
}`).model;

/** By group. */
export async function momentsOf(
  { layout, rows, reads, target }: Patches,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<PatchMoments[]> {
  const { groups } = layout;
  const outputs = layout.outputs / groups;
  const features = layout.channels * layout.taps;
  const session = await openModel(runtime, sums, { label: 'the moments of a layer' });
  try {
    const results = await session.run(
      {
        reads: { type: 'float', dims: [groups, rows, features], data: reads },
        gives: { type: 'float', dims: [groups, rows, outputs], data: target },
      },
      undefined,
      signal,
    );
    return Array.from({ length: groups }, (_, group) => ({
      rows,
      gram: part(results.gram, group),
      cross: part(results.cross, group),
      readMean: part(results.readMean, group),
      givenMean: part(results.givenMean, group),
    }));
  } finally {
    await session.close();
  }
}

function part({ dims, data }: NamedTensor, group: number): Float64Array {
  const size = data.length / dims[0];
  return Float64Array.from(data.subarray(group * size, (group + 1) * size) as Float32Array);
}

/** Moments about the means: those of a layer whose bias makes good any constant difference. */
export function centred(moments: PatchMoments): PatchMoments {
  const { rows, gram, cross, readMean, givenMean } = moments;
  const features = readMean.length;
  const about = (sums: Float64Array, means: Float64Array): Float64Array =>
    sums.map((sum, at) => sum - rows * means[Math.floor(at / features)] * readMean[at % features]);
  return { ...moments, gram: about(gram, readMean), cross: about(cross, givenMean) };
}
