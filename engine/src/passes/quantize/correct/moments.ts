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
  /** outputs × features: the sum of the products of what is given with what is read. */
  readonly cross: Float64Array;
  readonly readMean: Float64Array;
  readonly givenMean: Float64Array;
}

const sums = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
  moments (float[G,R,F] reads, float[G,R,M] gives, float aboutMean)
    => (float[G,F,F] gram, float[G,M,F] cross, float[G,F] readMean, float[G,M] givenMean) {
  readMean = ReduceMean<axes = [1], keepdims = 0>(reads)
  givenMean = ReduceMean<axes = [1], keepdims = 0>(gives)
  readRow = ReduceMean<axes = [1]>(reads)
  givenRow = ReduceMean<axes = [1]>(gives)
  readCentre = Mul(readRow, aboutMean)
  givenCentre = Mul(givenRow, aboutMean)
  x = Sub(reads, readCentre)
  y = Sub(gives, givenCentre)
  byFeature = Transpose<perm = [0, 2, 1]>(x)
  byOutput = Transpose<perm = [0, 2, 1]>(y)
  gram = MatMul(byFeature, x)
  cross = MatMul(byOutput, x)
}`).model;

/**
 * By group, about zero or about the means; the latter are those of a layer whose bias makes good any
 * constant difference.
 */
export async function momentsOf(
  { layout, rows, reads, target }: Patches,
  about: 'zero' | 'means',
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
        aboutMean: { type: 'float', dims: [], data: Float32Array.of(about === 'zero' ? 0 : 1) },
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
