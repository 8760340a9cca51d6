/** Weights for the full-size architectures that come without trained ones. */

import { cloneModel } from '#engine/ir/clone';
import type { Model } from '#engine/ir/model';
import { makeTensor } from '#engine/ir/tensor';
import { matrix, multiply } from '#engine/linalg/matrix';
import { seededRandom, type Random } from '#engine/linalg/random';
import { inferTypes } from '#engine/ops/infer';

/** Terms of a weight whose singular values decay; what is beyond them is noise. */
const terms = 96;
const noise = 0.02;

/**
 * The model with initializers where it makes its weights by ConstantOfShape: matrices of outputs ×
 * features whose singular values fall like 1/√i into noise, about as those of trained layers do,
 * scaled to keep activations in range; vectors are ones.
 */
export function withDecayingWeights(model: Model, seed = 1): Model {
  const random = seededRandom(seed);
  return withWeights(model, (shape) => decaying(shape, random));
}

/** The model with initializers where it makes its weights by ConstantOfShape, in graph order. */
export function withWeights(model: Model, make: (shape: readonly number[]) => Float32Array): Model {
  const types = inferTypes(model);
  const result = cloneModel(model);
  const graph = result.graph!;
  graph.node = graph.node.filter((node) => {
    const shape = types.type(node.output[0])?.shape;
    if (node.opType !== 'ConstantOfShape' || !shape?.every((dim) => typeof dim === 'number')) {
      return true;
    }
    graph.initializer.push(makeTensor(node.output[0], 'float', shape, make(shape)));
    return false;
  });
  return result;
}

function decaying(shape: readonly number[], random: Random): Float32Array {
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (shape.length < 2) return new Float32Array(count).fill(1);
  const [rows, columns] = [shape[0], count / shape[0]];
  const rank = Math.min(terms, rows, columns);
  const left = matrix(rows, rank, normals(rows * rank, random));
  for (let i = 0; i < left.data.length; i++) left.data[i] /= Math.sqrt(1 + (i % rank));
  const { data } = multiply(left, matrix(rank, columns, normals(rank * columns, random)));
  const scale = Math.sqrt(2 / columns / (1 + Math.log(rank)));
  return Float32Array.from(data, (value) => scale * (value + noise * random.normal()));
}

/** Roughly normal, from few uniform numbers: 10⁸ are needed. */
function normals(count: number, random: Random): Float64Array {
  const scale = Math.sqrt(6);
  return Float64Array.from({ length: count }, () => scale * (random.uniform() - random.uniform()));
}
