/** Chooses for each output of a layer between two roundings of its weights, by what it then gives. */

import { parseModel } from '../../../../onnx/text/parse';
import { openModel } from '../../../../runtime/open-model';
import type { NamedTensor, Runtime, Session } from '../../../../runtime/runtime';
import type { LayerProduct } from '../product';
import type { RoundingTask } from './method';

/** The codes of the second choice where their output's error is smaller, those of the first elsewhere. */
export async function betterOutputs(
  task: RoundingTask,
  first: Int32Array,
  second: Int32Array,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Int32Array> {
  const session = await openModel(runtime, errors, { label: 'the error of a layer' });
  try {
    const [before, after] = [
      await errorsOf(task, first, session, signal),
      await errorsOf(task, second, session, signal),
    ];
    const { features } = task.product;
    return first.map((code, at) => {
      const output = Math.floor(at / features);
      return after[output] < before[output] ? second[at] : code;
    });
  } finally {
    await session.close();
  }
}

/** The squared error of each output over all rows, behind the activation. */
async function errorsOf(
  { product, patches, bounds }: RoundingTask,
  codes: Int32Array,
  session: Session,
  signal: AbortSignal,
): Promise<ArrayLike<number>> {
  const { groups, outputs, features, bias } = product;
  const { rows, reads, target } = patches;
  const tensor = (data: Float32Array, dims: readonly number[]): NamedTensor => ({
    type: 'float',
    dims,
    data,
  });
  const largest = 3.4e38;
  const scalar = (value: number) =>
    tensor(Float32Array.of(Math.min(Math.max(value, -largest), largest)), []);
  const { error } = await session.run(
    {
      reads: tensor(reads, [groups, rows, features]),
      target: tensor(target, [groups, rows, outputs]),
      weight: tensor(valuesOf(product, codes), [groups, outputs, features]),
      bias: tensor(bias ?? new Float32Array(groups * outputs), [groups, 1, outputs]),
      lower: scalar(bounds.lower),
      upper: scalar(bounds.upper),
    },
    undefined,
    signal,
  );
  return error.data as Float32Array;
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
