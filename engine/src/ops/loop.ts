/** Loop: a body run a number of times, with values carried from one iteration to the next. */

import { graphAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import type { Graph } from '../ir/model';
import { looping } from './channel-rules/control-flow';
import { mergeTypes, sameType } from './merge-types';
import type { CostContext, Op, ShapeContext, ValueType } from './op';
import { integersOf } from './rules';

type Types = readonly (ValueType | undefined)[];

/**
 * Inputs: trip count (or none), condition (or none), carried values. The body takes the iteration
 * number, the condition and the carried values, and gives the condition, the carried values and one
 * element of each scan output.
 */
export const loop: Op = {
  type: 'Loop',
  shape: (context) => {
    const { node, inputs, fresh } = context;
    const body = graphAttribute(node, 'body');
    if (!body) return [];
    const { carried, results } = fixedPoint(context, body, inputs.slice(2));
    const trips = tripCount(context, results[0]) ?? fresh('trips');
    const scanned = results.slice(1 + carried.length).map((element) => ({
      dtype: element?.dtype,
      shape: element?.shape && [trips, ...element.shape],
    }));
    return [...carried, ...scanned];
  },
  cost: ({ node, inputs, outputs, subgraph, integers }: CostContext) => {
    const body = graphAttribute(node, 'body');
    if (!body || !subgraph) return { macs: 0 };
    // A scan output has one element for each iteration; without one, the trip count must be known.
    const scanned = outputs[Math.max(0, inputs.length - 2)];
    const trips = scanned?.[0] ?? integers?.(0)?.[0] ?? 1;
    const once = subgraph(body);
    return { macs: trips * once.macs, elementwise: trips * (once.elementwise ?? 0) };
  },
  channels: looping,
};

/** Rounds after which a carried type that still changes counts as unknown; real bodies need two. */
const maxRounds = 8;

/**
 * Runs the body on ever wider types of the carried values until they stop changing. A dimension that
 * differs from one iteration to the next becomes a symbol and stays that symbol.
 */
function fixedPoint({ inputs, fresh, subgraph }: ShapeContext, body: Graph, initial: Types) {
  const widened = new Set<Dim>();
  const widen = (hint: string) => {
    const symbol = fresh(hint);
    widened.add(symbol);
    return symbol;
  };
  const always = inputs[1] ? inputs[1].content : [1];
  const condition: ValueType = { dtype: 'bool', shape: [], content: always };
  const iteration: ValueType = { dtype: 'int64', shape: scalarOf(body) };
  let carried = initial;
  for (let round = 0; ; round++) {
    const results = subgraph(body, [iteration, condition, ...carried]);
    const next = carried.map((type, i) => {
      const merged = mergeTypes(type, keepWidened(type, results[i + 1], widened), widen);
      return round < maxRounds || sameType(merged, type) ? merged : undefined;
    });
    if (next.every((type, i) => sameType(type, carried[i]))) return { carried, results };
    carried = next;
  }
}

/** The new type, with each dimension that is widened already left as it was. */
function keepWidened(
  before: ValueType | undefined,
  after: ValueType | undefined,
  widened: ReadonlySet<Dim>,
): ValueType | undefined {
  if (!before || !after) return after;
  const elements = keepWidened(before.elements, after.elements, widened);
  if (before.shape?.length !== after.shape?.length) return { ...after, elements };
  const shape = after.shape?.map((dim, axis) => {
    const old = before.shape![axis];
    return widened.has(old) ? old : dim;
  });
  return { ...after, shape, elements };
}

/** Bodies may declare the iteration number as a scalar or as a tensor of one element. */
function scalarOf(body: Graph): readonly Dim[] {
  return body.input[0]?.type?.tensorType?.shape?.dim.length === 1 ? [1] : [];
}

/** The trip count where it is known and the body's condition never ends the loop before. */
function tripCount(context: ShapeContext, condition: ValueType | undefined): Dim | undefined {
  const neverEnds = condition?.content?.[0] === 1;
  return neverEnds && context.inputs[0] ? integersOf(context, 0)?.[0] : undefined;
}
