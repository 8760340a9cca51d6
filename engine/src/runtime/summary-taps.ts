/**
 * Reduces values inside the graph to what calibration needs of them, so that the runtime neither keeps
 * nor hands over the values themselves: smallest and largest, and every k-th for histograms.
 */

import { makeAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import { CoppiceError } from '../ir/issue';
import type { Graph, Model, Node } from '../ir/model';
import { freshNames } from '../ir/naming';
import { makeTensor } from '../ir/tensor';
import { inferTypes } from '../ops/infer';
import { nonNegativeValues } from './sign';

/** Names of the outputs that stand for one value. */
export interface Tap {
  /** Absent where the value cannot be negative: what it is needed for covers zero anyway. */
  readonly min?: string;
  /**
   * Of images the largest of each channel: unlike ReduceMax, the runtime computes that in the layout
   * that its convolutions give, without a copy of the value in another one.
   */
  readonly max: string;
  /** Values to make a histogram of. */
  readonly picked?: string;
}

export interface TappedModel {
  readonly model: Model;
  readonly taps: ReadonlyMap<string, Tap>;
}

/** Elements of one sample that a histogram looks at, where the value has more. */
const mostPicked = 1 << 13;

/**
 * The model with only the taps as outputs: those of outputs of nodes of the main graph or of inputs.
 *
 * @throws CoppiceError `unknown-value` when the main graph has no value of that name.
 */
export function tapModel(model: Model, names: readonly string[], bins: boolean): TappedModel {
  const { graph } = model;
  if (!graph) throw unknownValue('');
  const known = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const unknown = names.find((name) => !name || !known.has(name));
  if (unknown !== undefined) throw unknownValue(unknown);
  const builder = new TapBuilder(graph);
  const types = inferTypes(model);
  const nonNegative = nonNegativeValues(graph, (name) => types.constant(name));
  const taps = new Map<string, Tap>();
  for (const name of new Set(names)) {
    builder.begin();
    // Other float types travel as float32, and the runtime drops a cast that changes nothing.
    const value = builder.node('Cast', [name], `${name}_float`, { to: 1 });
    const shape = types.type(name)?.shape;
    const most = `${name}_max`;
    taps.set(name, {
      min: nonNegative.has(name)
        ? undefined
        : builder.node('ReduceMin', [value], `${name}_min`, { keepdims: 0 }),
      max:
        shape?.length === 4
          ? builder.node('GlobalMaxPool', [value], most, {})
          : builder.node('ReduceMax', [value], most, { keepdims: 0 }),
      picked: bins ? builder.pick(value, name, shape) : undefined,
    });
  }
  const outputs = [...taps.values()].flatMap(({ min, max, picked }) =>
    [min, max, picked].filter((each) => each !== undefined),
  );
  return { model: { ...model, graph: builder.finish(outputs) }, taps };
}

function unknownValue(name: string): CoppiceError {
  return new CoppiceError(
    'unknown-value',
    `No node of the main graph makes the value "${name}", so it cannot be observed.`,
  );
}

/** Nodes and constants that are added to a graph, whose own ones are shared. */
class TapBuilder {
  /** The nodes of each tap. */
  private readonly taps: Node[][] = [];
  private readonly constants: Graph['initializer'] = [];
  private readonly fresh: (wanted: string) => string;

  constructor(private readonly graph: Graph) {
    this.fresh = freshNames(graph);
  }

  begin(): void {
    this.taps.push([]);
  }

  node(
    opType: string,
    input: string[],
    wanted: string,
    attributes: Readonly<Record<string, number>>,
  ): string {
    const output = this.fresh(wanted);
    const attribute = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value));
    this.taps.at(-1)!.push({
      opType,
      name: this.fresh(`${output}_${opType}`),
      input,
      output: [output],
      attribute,
      metadataProps: [],
    });
    return output;
  }

  /**
   * Every k-th element of each sample, the same ones whatever the batch. k shares no factor with any
   * dimension, so that the picked ones wander over all channels, rows and columns.
   */
  pick(value: string, name: string, shape: readonly Dim[] = []): string {
    const rest = shape.slice(1).filter((dim) => typeof dim === 'number');
    const size = rest.reduce((product, dim) => product * dim, 1);
    // Where the shape is not known, all elements are looked at.
    if (rest.length !== shape.length - 1 || size <= mostPicked) return value;
    let step = Math.ceil(size / mostPicked);
    while (greatestCommonDivisor(step, size) > 1) step++;
    const flat = this.node('Flatten', [value], `${name}_flat`, { axis: 1 });
    const indices = this.fresh(`${name}_indices`);
    const count = Math.ceil(size / step);
    const each = BigInt64Array.from({ length: count }, (_, i) => BigInt(i * step));
    this.constants.push(makeTensor(indices, 'int64', [count], each));
    // Slice has no steps before opset 10.
    return this.node('Gather', [flat, indices], `${name}_picked`, { axis: 1 });
  }

  finish(outputs: readonly string[]): Graph {
    return {
      ...this.graph,
      // The runtime takes the last of several possible nodes first: listed in reverse, every value is
      // reduced as soon as it is made, and its memory serves the next.
      node: [...this.graph.node, ...this.taps.toReversed().flat()],
      initializer: [...this.graph.initializer, ...this.constants],
      output: outputs.map((name) => ({ name, metadataProps: [] })),
    };
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
