/** What training has learned, as a blueprint that is written like any other. */

import { emptyGraph } from '../../ir/empty-graph';
import type { Model, Tensor } from '../../ir/model';
import { dimsOf, floats, makeTensor } from '../../ir/tensor';
import { trainingOpset } from '../../train/graph-builder';
import { withoutTraining } from '../../train/without-training';
import { openModel } from '../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import type { Blueprint, QuantizedLayer, QuantizedWeight } from '../quantize/blueprint';
import type { LayerSite } from '../quantize/placement';
import { scaleIndices, type Grid } from '../quantize/grid';
import type { FakeLayer, FakeQuantized } from './fake-quantize';
import { foldOf } from './normalizations';

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

  const constants = new Map(trained.graph!.initializer.map((tensor) => [tensor.name!, tensor]));
  const learned = new Map(
    [...blueprint.layers].map(([name, { site }]) => {
      return [name, learnedLayer(site, layers.get(name)!, read, constants)] as const;
    }),
  );
  const biases = [...learned.values()].flatMap(({ bias }) => bias ?? []);
  const own = new Set(blueprint.model.graph!.initializer.map(({ name }) => name!));
  const initializers = new Map(
    [...blueprint.model.graph!.initializer, ...trained.graph!.initializer]
      .filter(({ name }) => own.has(name!))
      .concat(biases)
      .map((tensor) => [tensor.name!, tensor]),
  );
  for (const [name, { site }] of blueprint.layers) {
    const { name: weight = '' } = site.weight;
    const { unrounded } = learned.get(name)!;
    initializers.set(weight, makeTensor(weight, 'float', dimsOf(site.weight), unrounded));
  }
  const nodes = new Map(blueprint.model.graph!.node.map((node) => [node, node]));
  for (const [name, { site }] of blueprint.layers) {
    const { bias } = learned.get(name)!;
    const input = [...site.node.input.slice(0, 2), ...(bias ? [bias.name!] : [])];
    if (bias) nodes.set(site.node, { ...site.node, input });
  }
  const graph = {
    ...blueprint.model.graph!,
    node: [...nodes.values()],
    initializer: [...initializers.values()],
  };
  const written = [...blueprint.layers].map(([name, layer]): [string, QuantizedLayer] => {
    const { weight, bias } = learned.get(name)!;
    const site = {
      ...layer.site,
      node: nodes.get(layer.site.node)!,
      weight: initializers.get(layer.site.weight.name!)!,
      bias,
    };
    return [name, { ...layer, bias: undefined, site, weight }];
  });
  const grids = new Map<Grid, Grid>();
  for (const [value, grid] of blueprint.grids) {
    const { step } = activations.get(value)!;
    if (!grids.has(grid)) grids.set(grid, { ...grid, scale: Float32Array.from(read(step)) });
  }
  return {
    ...blueprint,
    model: { ...blueprint.model, graph },
    layers: new Map(written),
    grids: new Map([...blueprint.grids].map(([value, grid]) => [value, grids.get(grid)!])),
  };
}

interface LearnedLayer {
  readonly weight: QuantizedWeight;
  /** The weight before rounding. */
  readonly unrounded: Float32Array;
  readonly bias?: Tensor;
}

/** A layer as training leaves it, with the normalization behind it folded in. */
function learnedLayer(
  { name, weight }: LayerSite,
  { grid, step, codes, unrounded, bias, normalization }: FakeLayer,
  read: (name: string) => Float32Array,
  constants: ReadonlyMap<string, Tensor>,
): LearnedLayer {
  const constant = (name: string) => floats(constants.get(name)!);
  const fold = normalization && foldOf(normalization, constant);
  const { block, count } = scaleIndices(dimsOf(weight), grid.axis);
  const channel = (at: number) => Math.floor(at / block) % count;
  const learned = Int32Array.from(read(codes));
  // A channel of zeros varies so little that its factor would blow up the steps of its bias.
  const counts = new Set<number>();
  learned.forEach((code, at) => code !== 0 && counts.add(channel(at)));
  const scale = read(step).map((each, c) => {
    return fold && counts.has(c) ? each * fold.factor[c] : each;
  });
  return {
    weight: { grid: { ...grid, scale }, codes: learned },
    unrounded: read(unrounded).map((each, at) => each * scale[channel(at)]),
    bias: fold ? makeTensor(`${name}.bias`, 'float', [count], fold.bias) : constants.get(bias!),
  };
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
