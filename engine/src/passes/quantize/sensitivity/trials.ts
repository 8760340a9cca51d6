/**
 * Tries changes of single layers without running the whole model for each. The values before a layer
 * do not depend on what is done to it, so they are computed once and move forward layer by layer; a
 * trial runs from its layer on. What the layer reads and its weight are fed, so that one session
 * serves all trials of a layer.
 */

import type { Model, Node, Tensor } from '../../../ir/model';
import { freshNames } from '../../../ir/naming';
import { dimsOf, floats } from '../../../ir/tensor';
import { Excerpt, settledValues } from '../../../runtime/excerpt';
import type { Lanes } from '../../../runtime/lanes';
import type { Feeds, NamedTensor, Session } from '../../../runtime/runtime';
import type { PassContext } from '../../pass';
import { rounded, type Grid } from '../grid';
import type { Batches, FedBatch } from './batches';
import type { Outcome } from './outcome';

/** A model whose layers are changed one at a time. */
export interface Base {
  readonly model: Model;
  /** In graph order. */
  readonly layers: readonly TriedLayer[];
}

export interface TriedLayer {
  readonly name: string;
  /** Node of the base's graph. */
  readonly node: Node;
  /** The value it reads, before any rounding. */
  readonly input: string;
  /** Its weight, before any rounding. */
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** One change of a layer; without any, it computes in floating point. */
export interface Trial {
  readonly weight?: Float32Array;
  readonly bias?: Float32Array;
  /** What it reads is rounded to this. */
  readonly grid?: Grid;
  /** How many samples take part at least; batches are taken whole. */
  readonly samples: number;
  readonly outcome: Outcome;
}

export interface Attempts {
  trials(layer: TriedLayer): readonly Trial[];
  /** Sees what a layer of the base reads, as it is and rounded to the grids of those trials. */
  onInput?(layer: TriedLayer, value: NamedTensor, rounded: ReadonlyMap<Grid, NamedTensor>): void;
}

type Context = Pick<PassContext, 'signal' | 'progress'> & { readonly lanes: Lanes };

export async function tryLayers(
  base: Base,
  batches: Batches,
  attempts: Attempts,
  context: Context,
): Promise<void> {
  const held = valuesBefore(base);
  let done = 0;
  let first = 0;
  for await (const chunk of batches.chunks(context.signal)) {
    let at: readonly FedBatch[] = chunk;
    const samples = chunk.reduce((sum, { truth }) => sum + truth.samples, 0);
    for (const [i, layer] of base.layers.entries()) {
      context.signal.throwIfAborted();
      at = await advance(base.model, at, held[i], context);
      await runTrials(detach(base.model, layer), at, first, attempts, context);
      done += samples;
      context.progress({
        message: `trying ${layer.name}`,
        fraction: done / (batches.samples * base.layers.length),
      });
    }
    first += samples;
  }
}

/** For each layer the values that it and what comes behind it need: unrounded where layers read them. */
function valuesBefore({ model, layers }: Base): string[][] {
  const unrounded = new Map(
    layers.map(({ node, input }) => [node, { ...node, input: [input, ...node.input.slice(1)] }]),
  );
  const graph = {
    ...model.graph!,
    node: model.graph!.node.map((node) => unrounded.get(node) ?? node),
  };
  const pending = layers.map(({ node }) => unrounded.get(node)!);
  return layers.map((_, i) => settledValues(graph, pending.slice(i)));
}

/** A model with one layer whose input, weight and bias are given from outside. */
interface Detached {
  readonly layer: TriedLayer;
  readonly model: Model;
  /** Names under which they are given. */
  readonly input: string;
  readonly weight: string;
  readonly bias: string;
}

function detach(model: Model, layer: TriedLayer): Detached {
  const fresh = freshNames(model.graph!);
  const input = fresh(`${layer.input}_read`);
  const weight = fresh(`${layer.name}_weight`);
  const bias = fresh(`${layer.name}_bias`);
  const rest = layer.bias ? [bias, ...layer.node.input.slice(3)] : layer.node.input.slice(2);
  const node = { ...layer.node, input: [input, weight, ...rest] };
  const nodes = model.graph!.node.map((each) => (each === layer.node ? node : each));
  return {
    layer,
    model: { ...model, graph: { ...model.graph!, node: nodes } },
    input,
    weight,
    bias,
  };
}

/** Moves the batches to other values, which follow from those at hand. */
async function advance(
  model: Model,
  batches: readonly FedBatch[],
  wanted: readonly string[],
  { lanes, signal }: Context,
): Promise<FedBatch[]> {
  const at = batches[0].feeds;
  const missing = wanted.filter((name) => !(name in at));
  const made: Record<string, NamedTensor>[] = batches.map(() => ({}));
  if (missing.length > 0) {
    const excerpt = new Excerpt(model);
    excerpt.feed(at);
    const tasks = batches.map(({ feeds }, i) => async (session: Session) => {
      const needed = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]]));
      made[i] = await session.run(needed, missing, signal);
    });
    await lanes.run(excerpt.build(missing), tasks, { keepQuantizers: true });
  }
  return batches.map(({ feeds, truth }, i) => ({
    truth,
    feeds: Object.fromEntries(wanted.map((name) => [name, made[i][name] ?? feeds[name]])),
  }));
}

async function runTrials(
  { layer, model, input, weight, bias }: Detached,
  batches: readonly FedBatch[],
  first: number,
  attempts: Attempts,
  { lanes, signal }: Context,
): Promise<void> {
  const output = model.graph!.output[0].name!;
  const own = floatTensor(layer.weight);
  const offset = layer.bias && floatTensor(layer.bias);
  const excerpt = new Excerpt(model);
  const value = batches[0].feeds[layer.input];
  excerpt.feed({
    ...batches[0].feeds,
    [input]: value,
    [weight]: own,
    ...(offset && { [bias]: offset }),
  });
  const suffix = excerpt.build([output]);
  const needed = suffix.graph!.input.map(({ name }) => name!);
  const trials = attempts.trials(layer);

  function* tasks(): Generator<(session: Session) => Promise<void>> {
    let from = first;
    for (const { feeds, truth } of batches) {
      const due = trials.filter(({ samples }) => from < samples);
      from += truth.samples;
      const read = feeds[layer.input];
      const roundings = roundingsOf(read, due);
      attempts.onInput?.(layer, read, roundings);
      for (const trial of due) {
        const given: Feeds = {
          ...feeds,
          [input]: trial.grid ? roundings.get(trial.grid)! : read,
          [weight]: { ...own, data: trial.weight ?? own.data },
          ...(offset && { [bias]: { ...offset, data: trial.bias ?? offset.data } }),
        };
        const wanted = Object.fromEntries(needed.map((name) => [name, given[name]]));
        yield async (session) => {
          const results = await session.run(wanted, [output], signal);
          trial.outcome.add(truth, results[output]);
        };
      }
    }
  }

  await lanes.run(suffix, tasks(), { keepQuantizers: true });
}

function floatTensor(tensor: Tensor): NamedTensor {
  return { type: 'float', dims: dimsOf(tensor), data: floats(tensor) };
}

function roundingsOf(value: NamedTensor, trials: readonly Trial[]): Map<Grid, NamedTensor> {
  const grids = new Set(trials.flatMap(({ grid }) => grid ?? []));
  const values = value.data as Float32Array;
  return new Map([...grids].map((grid) => [grid, { ...value, data: rounded(values, grid) }]));
}
