/**
 * Rounds what a layer reads to a grid and takes its statistics, in the runtime's process, where the
 * values are kept.
 */

import { makeNode } from '../../simplify/make-node';
import { emptyGraph } from '../../../ir/empty-graph';
import type { Model, Node } from '../../../ir/model';
import { openModel } from '../../../runtime/open-model';
import type {
  KeptTensor,
  MixedFeeds,
  NamedTensor,
  Runtime,
  Session,
} from '../../../runtime/runtime';
import type { Grid } from '../grid';

/** What is known of the values that a layer reads in one batch. */
export interface Statistics {
  /** Largest magnitude of each channel. */
  readonly extents: Float32Array;
  /** Sum of the squares. */
  readonly signal: number;
  /** Sums of the squared errors of rounding. */
  readonly noise: ReadonlyMap<Grid, number>;
}

/** x / scale to the nearest integer, halves to the even one, within the codes, times scale. */
const rounding = modelOf(
  ['x', 'scale', 'least', 'most'],
  ['rounded'],
  [
    makeNode('Div', 'steps', ['x', 'scale'], ['steps']),
    makeNode('Round', 'whole', ['steps'], ['whole']),
    makeNode('Max', 'raised', ['whole', 'least'], ['raised']),
    makeNode('Min', 'clipped', ['raised', 'most'], ['clipped']),
    makeNode('Mul', 'rounded', ['clipped', 'scale'], ['rounded']),
  ],
);

/** Of values [rows, channels, block]; sums are taken in steps, so that none has too many terms for a float32. */
const measuring = modelOf(
  ['x'],
  ['extents', 'signal'],
  [
    makeNode('Abs', 'magnitudes', ['x'], ['magnitudes']),
    makeNode('ReduceMax', 'extents', ['magnitudes'], ['extents'], { axes: [0, 2], keepdims: 0 }),
    ...sumOfSquares('x', 'signal'),
  ],
);

const comparing = modelOf(
  ['x', 'rounded'],
  ['noise'],
  [makeNode('Sub', 'error', ['x', 'rounded'], ['error']), ...sumOfSquares('error', 'noise')],
);

function sumOfSquares(value: string, sum: string): Node[] {
  const partial = `${sum}_of_channels`;
  return [
    makeNode('ReduceSumSquare', partial, [value], [partial], { axes: [2], keepdims: 0 }),
    makeNode('ReduceSum', sum, [partial], [sum], { axes: [1], keepdims: 0 }),
  ];
}

function modelOf(inputs: readonly string[], outputs: readonly string[], node: Node[]): Model {
  const value = (name: string) => ({ name, metadataProps: [] });
  const floats = { tensorType: { elemType: 1 } };
  const graph = {
    ...emptyGraph('reading'),
    node,
    input: inputs.map((name) => ({ ...value(name), type: floats })),
    output: outputs.map(value),
  };
  return { irVersion: 7, graph, opsetImport: [{ version: 12 }], metadataProps: [], functions: [] };
}

export class Reading {
  private readonly sessions = new Map<Model, Promise<Session>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly signal: AbortSignal,
  ) {}

  /** The value rounded to grids of one scale and back; the caller releases them. */
  async roundings(x: KeptTensor, grids: Iterable<Grid>): Promise<Map<Grid, KeptTensor>> {
    const session = await this.open(rounding);
    const round = async (grid: Grid): Promise<[Grid, KeptTensor]> => {
      const { scale, zeroPoint, min, max } = grid;
      const feeds = {
        x,
        scale: scalar(scale[0]),
        least: scalar(min - zeroPoint[0]),
        most: scalar(max - zeroPoint[0]),
      };
      return [grid, (await session.keep(feeds, undefined, this.signal)).rounded];
    };
    return new Map(await Promise.all(Array.from(grids, round)));
  }

  /** @param axis of the channels, counted from the end where it is negative. */
  async measure(
    value: KeptTensor,
    roundings: ReadonlyMap<Grid, KeptTensor>,
    axis: number,
  ): Promise<Statistics> {
    const dims = byChannel(value.dims, axis);
    const x = { ...value, dims };
    const run = async (model: Model, feeds: MixedFeeds) =>
      (await this.open(model)).run(feeds, undefined, this.signal);
    const compare = async ([grid, kept]: [Grid, KeptTensor]): Promise<[Grid, number]> => {
      const { noise } = await run(comparing, { x, rounded: { ...kept, dims } });
      return [grid, total(noise)];
    };
    const [{ extents, signal }, ...noise] = await Promise.all([
      run(measuring, { x }),
      ...[...roundings].map(compare),
    ] as const);
    return {
      extents: extents.data as Float32Array,
      signal: total(signal),
      noise: new Map(noise),
    };
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).close();
  }

  private open(model: Model): Promise<Session> {
    const opened = this.sessions.get(model) ?? openModel(this.runtime, model, { threads: 1 });
    this.sessions.set(model, opened);
    return opened;
  }
}

/** The dimensions as [what comes before the channels, channels, what lies behind]. */
function byChannel(dims: readonly number[], axis: number): number[] {
  const at = axis < 0 ? dims.length + axis : axis;
  const product = (part: readonly number[]): number => part.reduce((all, dim) => all * dim, 1);
  return [product(dims.slice(0, at)), dims[at], product(dims.slice(at + 1))];
}

function scalar(value: number): NamedTensor {
  return { type: 'float', dims: [], data: Float32Array.of(value) };
}

function total({ data }: NamedTensor): number {
  return (data as Float32Array).reduce((sum, each) => sum + each, 0);
}
