/** What training has learned, as a blueprint that is written like any other. */

import { emptyGraph } from '../../ir/empty-graph';
import type { Model } from '../../ir/model';
import { dimsOf, makeTensor } from '../../ir/tensor';
import { trainingOpset } from '../../train/graph-builder';
import { withoutTraining } from '../../train/without-training';
import { openModel } from '../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import type { Blueprint, QuantizedLayer } from '../quantize/blueprint';
import type { LayerSite } from '../quantize/placement';
import { scaleIndices, type Grid } from '../quantize/grid';
import type { FakeLayer, FakeQuantized } from './fake-quantize';

/**
 * @param trained the model of `fake` after training.
 * @returns the blueprint with the codes and steps that were learned, computed by the runtime as the
 * training computes them; its model holds the floats that they are rounded from.
 */
export async function readBack(
  blueprint: Blueprint,
  { layers, activations }: FakeQuantized,
  trained: Model,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Blueprint> {
  const wanted = [...layers.values()].flatMap(({ codes, step, unrounded }) => [
    codes,
    step,
    unrounded,
  ]);
  const steps = [...activations.values()].map(({ step }) => step);
  const values = await computed(withoutTraining(trained), [...wanted, ...steps], runtime, signal);
  const read = (name: string) => values[name].data as Float32Array;

  const known = new Set([
    ...blueprint.model.graph!.initializer.map(({ name }) => name),
    ...[...layers.values()].flatMap(({ bias }) => bias ?? []),
  ]);
  const initializers = new Map(
    [...blueprint.model.graph!.initializer, ...trained.graph!.initializer]
      .filter(({ name }) => known.has(name))
      .map((tensor) => [tensor.name!, tensor]),
  );
  for (const [name, { site }] of blueprint.layers) {
    const { name: weight = '' } = site.weight;
    const values = floatsOf(site, layers.get(name)!, read);
    initializers.set(weight, makeTensor(weight, 'float', dimsOf(site.weight), values));
  }
  const biases = new Map(
    [...blueprint.layers].map(([name, { site }]) => [site.node.output[0], layers.get(name)!.bias]),
  );
  const nodes = new Map(
    blueprint.model.graph!.node.map((node) => {
      const bias = biases.get(node.output[0]);
      return [
        node,
        bias === undefined ? node : { ...node, input: [...node.input.slice(0, 2), bias] },
      ];
    }),
  );
  const graph = {
    ...blueprint.model.graph!,
    node: [...nodes.values()],
    initializer: [...initializers.values()],
  };
  const learned = [...blueprint.layers].map(([name, layer]): [string, QuantizedLayer] => {
    const { site } = layer;
    const { grid, step, codes, bias } = layers.get(name)!;
    return [
      name,
      {
        ...layer,
        bias: undefined,
        site: {
          ...site,
          node: nodes.get(site.node)!,
          weight: initializers.get(site.weight.name!)!,
          bias: bias === undefined ? undefined : initializers.get(bias),
        },
        weight: {
          grid: { ...grid, scale: Float32Array.from(read(step)) },
          codes: Int32Array.from(read(codes)),
        },
      },
    ];
  });
  const grids = new Map<Grid, Grid>();
  for (const [value, grid] of blueprint.grids) {
    const { step } = activations.get(value)!;
    if (!grids.has(grid)) grids.set(grid, { ...grid, scale: Float32Array.from(read(step)) });
  }
  return {
    ...blueprint,
    model: { ...blueprint.model, graph },
    layers: new Map(learned),
    grids: new Map([...blueprint.grids].map(([value, grid]) => [value, grids.get(grid)!])),
  };
}

/** The weight before rounding. */
function floatsOf(
  site: LayerSite,
  { grid, step, unrounded }: FakeLayer,
  read: (name: string) => Float32Array,
): Float32Array {
  const { block, count } = scaleIndices(dimsOf(site.weight), grid.axis);
  const steps = read(step);
  return read(unrounded).map((value, at) => value * steps[Math.floor(at / block) % count]);
}

/** Values that depend on constants alone. */
async function computed(
  { graph }: Model,
  wanted: readonly string[],
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Readonly<Record<string, NamedTensor>>> {
  const names = new Set(wanted);
  const nodes = graph!.node.toReversed().filter((node) => {
    if (!node.output.some((name) => names.has(name))) return false;
    for (const name of node.input) names.add(name);
    return true;
  });
  const model: Model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: trainingOpset }],
    metadataProps: [],
    functions: [],
    graph: {
      ...emptyGraph('steps'),
      node: nodes.toReversed(),
      initializer: graph!.initializer.filter(({ name }) => names.has(name!)),
      output: [...new Set(wanted)].map((name) => ({ name, metadataProps: [] })),
    },
  };
  const session = await openModel(runtime, model, { optimize: 'none', threads: 1 });
  try {
    return await session.run({}, [...new Set(wanted)], signal);
  } finally {
    await session.close();
  }
}
