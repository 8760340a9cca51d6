/** What a step reads and gives anew: weights, running statistics, moments. Plain arrays between steps. */

import { cloneModel } from '../ir/clone';
import type { Model, Tensor } from '../ir/model';
import { dimsOf, elementCount, makeTensor } from '../ir/tensor';
import type { Feeds, NamedTensor } from '../runtime/runtime';
import { flatten } from './parameters';
import type { StepGraph } from './step-graph';

export type State = Readonly<Record<string, NamedTensor>>;

export function firstState({ parameters, statistics }: StepGraph, moments: number): State {
  const weights = flatten(parameters.map(({ tensor }) => tensor));
  return {
    '@weights': vector(weights),
    ...(statistics.length > 0 ? { '@statistics': vector(flatten(statistics)) } : {}),
    ...Object.fromEntries(
      Array.from({ length: moments }, (_, i) => [
        `@moment.${i}`,
        vector(new Float32Array(weights.length)),
      ]),
    ),
  };
}

/** The outputs of a step that are the next state, by the names of the inputs. */
export function nextState(state: State, outputs: Feeds): State {
  return Object.fromEntries(
    Object.keys(state).map((name) => [name, outputs[`@next.${name.slice(1)}`]]),
  );
}

/** The model with what was learnt. */
export function trainedModel(model: Model, graph: StepGraph, state: State): Model {
  const values = new Map<string, Tensor>();
  const cut = (name: string, tensors: readonly Tensor[]) => {
    const flat = state[name]?.data as Float32Array | undefined;
    let offset = 0;
    for (const tensor of tensors) {
      const size = elementCount(tensor);
      const own = flat!.slice(offset, offset + size);
      values.set(tensor.name!, makeTensor(tensor.name!, 'float', dimsOf(tensor), own));
      offset += size;
    }
  };
  cut(
    '@weights',
    graph.parameters.map(({ tensor }) => tensor),
  );
  cut('@statistics', graph.statistics);
  const trained = cloneModel(model);
  trained.graph!.initializer = trained.graph!.initializer.map((tensor) => {
    return values.get(tensor.name ?? '') ?? tensor;
  });
  return trained;
}

function vector(data: Float32Array): NamedTensor {
  return { type: 'float', dims: [data.length], data };
}
