/**
 * Tries changes of single layers without running the whole model for each. The values before a layer
 * do not depend on what is done to it, so they are computed once and move forward layer by layer; a
 * trial runs from its layer on. Every lane has batches of its own, whose values never leave its process.
 *
 * A trial runs in two parts: up to a station a few layers on in a session of its own, in which its weight
 * is a constant (kernels for weights that are fed take five times as long), and from there to the output
 * in one that all trials before the station share.
 */

import type { Model, Node, Tensor } from '../../../ir/model';
import { settledValues } from '../../../runtime/excerpt';
import type { Lanes } from '../../../runtime/lanes';
import type { Runtime } from '../../../runtime/runtime';
import type { PassContext } from '../../pass';
import type { Grid } from '../grid';
import type { Batches } from './batches';
import { AttemptedLayer } from './attempted-layer';
import { sliceAxis } from './channel-axis';
import type { Outcome, Truth } from './outcome';
import { Prefix, type KeptBatch } from './prefix';
import { Reading, type Statistics } from './reading';
import { Suffix } from './suffix';

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
  /** Hears of what a layer of the base reads, as it is and rounded to the grids of those trials. */
  onRead?(layer: TriedLayer, truth: Truth, statistics: Statistics): void;
}

type Context = Pick<PassContext, 'signal' | 'progress'> & { readonly lanes: Lanes };

/** Layers from one station to the next. */
const stride = 4;

export async function tryLayers(
  base: Base,
  batches: Batches,
  attempts: Attempts,
  { lanes, signal, progress }: Context,
): Promise<void> {
  const held = valuesBefore(base);
  let done = 0;
  for await (const chunk of batches.chunks(signal)) {
    const work = async (lane: Lane, samples: number): Promise<void> => {
      let suffix = new Suffix(base.model, undefined, lane.runtime);
      try {
        for (const [i, layer] of base.layers.entries()) {
          if (i % stride === 0) {
            await suffix.close();
            suffix = new Suffix(base.model, held[i + stride], lane.runtime);
          }
          await lane.prefix.advance(held[i]);
          await runTrials(base.model, layer, suffix, attempts, lane);
          done += samples;
          progress({
            message: `trying ${layer.name}`,
            fraction: done / (batches.samples * base.layers.length),
          });
        }
      } finally {
        await suffix.close();
      }
    };
    await lanes.share(
      chunk,
      async (runtime, share, signal) => {
        const prefix = new Prefix(base.model, runtime, signal);
        const reading = new Reading(runtime, signal);
        try {
          await prefix.begin(share);
          const samples = share.reduce((sum, { truth }) => sum + truth.samples, 0);
          await work({ runtime, signal, prefix, reading }, samples);
        } finally {
          await reading.close();
          await prefix.end();
        }
      },
      signal,
    );
  }
}

/** Where one share of the batches is worked on. */
interface Lane {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly prefix: Prefix;
  readonly reading: Reading;
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

async function runTrials(
  model: Model,
  layer: TriedLayer,
  suffix: Suffix,
  attempts: Attempts,
  { runtime, signal, prefix, reading }: Lane,
): Promise<void> {
  const trials = attempts.trials(layer);
  const attempted = new AttemptedLayer(model, layer, suffix, runtime, signal);
  const tryBatch = async ({ values, truth, first }: KeptBatch): Promise<void> => {
    const read = values[layer.input];
    const due = trials.filter(({ samples }) => first < samples);
    const grids = new Set(due.flatMap(({ grid }) => grid ?? []));
    const roundings = await reading.roundings(read, grids);
    const attempt = async (trial: Trial): Promise<void> => {
      const input = trial.grid ? roundings.get(trial.grid)! : read;
      trial.outcome.add(truth, await attempted.output(values, input, trial));
    };
    const measured = attempts.onRead && reading.measure(read, roundings, sliceAxis(layer.node));
    await Promise.all(due.map(attempt));
    if (measured) attempts.onRead!(layer, truth, await measured);
    await runtime.release(roundings.values());
  };
  const waiting = prefix.batches.values();
  const turn = async (): Promise<void> => {
    for (const batch of waiting) await tryBatch(batch);
  };
  try {
    // With the next one already under way, the process never waits for this one.
    await Promise.all([turn(), turn()]);
  } finally {
    await attempted.close();
  }
}
