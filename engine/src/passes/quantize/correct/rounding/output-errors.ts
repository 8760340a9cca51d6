/** What the outputs of a layer lack for a choice of codes. */

import { parseModel } from '../../../../onnx/text/parse';
import { openModel } from '../../../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../../../runtime/runtime';
import type { LayerProduct } from '../product';
import type { RoundingTask } from './method';

/** The squared error of each output over all rows, behind the activation. */
export async function outputErrors(
  { product, patches, bounds }: RoundingTask,
  codes: Int32Array,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { groups, outputs, features, bias } = product;
  const { rows, reads, target } = patches;
  const tensor = (data: Float32Array, dims: readonly number[]): NamedTensor => ({
    type: 'float',
    dims,
    data,
  });
  const feeds = {
    reads: tensor(reads, [groups, rows, features]),
    target: tensor(target, [groups, rows, outputs]),
    weight: tensor(valuesOf(product, codes), [groups, outputs, features]),
    bias: tensor(bias ?? new Float32Array(groups * outputs), [groups, 1, outputs]),
    lower: tensor(Float32Array.of(bounds.lower), []),
    upper: tensor(Float32Array.of(bounds.upper), []),
  };
  const session = await openModel(runtime, errors, { label: 'the error of a layer' });
  try {
    const { error } = await session.run(feeds, undefined, signal);
    return error.data as Float32Array;
  } finally {
    await session.close();
  }
}

function valuesOf({ offset, step }: LayerProduct, codes: Int32Array): Float32Array {
  return Float32Array.from(codes, (code, at) => offset[at] + step[at] * code);
}

const errors = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
error (
  float[G,R,F] reads, float[G,R,M] target, float[G,M,F] weight, float[G,1,M] bias,
  float lower, float upper
) => (float[G,M] error) {
  turned = Transpose<perm = [0, 2, 1]>(weight)
  product = MatMul(reads, turned)
  z = Add(product, bias)
  a = Clip(z, lower, upper)
  y = Clip(target, lower, upper)
  r = Sub(a, y)
  error = ReduceSumSquare<axes = [1], keepdims = 0>(r)
}`).model;
