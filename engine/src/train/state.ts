/** What a step reads and gives anew: weights, running statistics, moments. Plain arrays between steps. */

import { cloneModel } from '../ir/clone';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model, Tensor } from '../ir/model';
import { dimsOf, elementCount, makeTensor } from '../ir/tensor';
import { allGraphs } from '../ir/traverse';
import { uniqueNames } from '../ir/unique-names';
import type { NamedTensor } from '../runtime/runtime';
import { averagePrefix } from './averaging';
import { constantsOf, replaceConstants } from './constants';
import { flatten } from './parameters';
import type { StepGraph } from './step-graph';

export type State = Readonly<Record<string, NamedTensor>>;

/** @param averaged where weights are averaged beside being trained. */
export function firstState(
  { parameters, statistics }: Pick<StepGraph, 'parameters' | 'statistics'>,
  moments: number,
  averaged = false,
): State {
  const weights = flatten(parameters.map(({ tensor }) => tensor));
  const made = {
    '@weights': vector(weights),
    ...(statistics.length > 0 ? { '@statistics': vector(flatten(statistics)) } : {}),
  };
  const averages = Object.entries(averaged ? made : {}).map(([name, value]) => {
    return [name.replace('@', averagePrefix), value] as const;
  });
  return {
    ...made,
    ...Object.fromEntries(averages),
    ...Object.fromEntries(
      Array.from({ length: moments }, (_, i) => [
        `@moment.${i}`,
        vector(new Float32Array(weights.length)),
      ]),
    ),
  };
}

/** What of a state makes the model: averages, where there are any. */
export function learnt(state: State): State {
  const made = ['@weights', '@statistics'].filter((name) => name in state);
  const source = (name: string) => state[name.replace('@', averagePrefix)] ?? state[name];
  return Object.fromEntries(made.map((name) => [name, source(name)]));
}

/**
 * The model with what was learnt, in branches of an If, too; without its functions, where they held
 * some of it.
 */
export function trainedModel(
  model: Model,
  graph: Pick<StepGraph, 'parameters' | 'statistics'>,
  state: State,
): Model {
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
  const own = new Set(constantsOf(model.graph!).map(({ name }) => name));
  const isWhole = graph.parameters.every(
    ({ layers, name }) => layers.length === 0 || own.has(name),
  );
  const trained = cloneModel(isWhole ? model : uniqueNames(inlineFunctions(model).model));
  for (const each of allGraphs(trained)) replaceConstants(each, values);
  return trained;
}

function vector(data: Float32Array): NamedTensor {
  return { type: 'float', dims: [data.length], data };
}
