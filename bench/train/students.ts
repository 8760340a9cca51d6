/** Students for distillation: networks that have never seen an image. */

import type { Model, Tensor } from '#engine/ir/model';
import { dimsOf, makeTensor } from '#engine/ir/tensor';
import { seededRandom } from '#engine/linalg/random';
import type { PassContext } from '#engine/passes/pass';
import { prune } from '#engine/passes/prune/prune';
import { pruneOptions } from '#engine/passes/prune/options';

/** The same network with half of the channels everywhere; the others keep their weights. */
export async function halfWidth(model: Model, context: PassContext): Promise<Model> {
  const options = pruneOptions.parse({
    criterion: 'l1',
    scope: 'local',
    ratio: 0.5,
    round: 1,
    recover: 'none',
  });
  return (await prune.run(model, options, context)).model;
}

/**
 * The same network with weights as before any training: normal ones of variance 2 / fan-in (He et al.,
 * arXiv 1502.01852), normalizations that change nothing, no biases.
 */
export function untrained(model: Model, seed: number): Model {
  const random = seededRandom(seed);
  const fresh = (tensor: Tensor): Tensor => {
    const [name, dims] = [tensor.name ?? '', dimsOf(tensor)];
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (tensor.dataType !== 1 || dims.length === 0) return tensor;
    if (dims.length === 1) {
      const isScale = /(bn\d?|norm)\.weight$|running_var$/.test(name);
      return makeTensor(name, 'float', dims, new Float32Array(size).fill(isScale ? 1 : 0));
    }
    const deviation = Math.sqrt(2 / (size / dims[0]));
    const values = Float32Array.from({ length: size }, () => deviation * random.normal());
    return makeTensor(name, 'float', dims, values);
  };
  return { ...model, graph: { ...model.graph!, initializer: model.graph!.initializer.map(fresh) } };
}
