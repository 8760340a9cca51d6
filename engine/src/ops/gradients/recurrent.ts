/**
 * LSTM, GRU and RNN, spelled out step by step, so that gradients go back through all of them
 * (backpropagation through time, Werbos 1990). The products with the inputs are one for all steps.
 */

import { attribute, intAttribute, stringAttribute, stringsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { numbers } from '../../ir/tensor';
import type { GraphWriter } from '../gradient';
import type { Composition } from './composition';
import { gru, linear, lstm, rnn, split, type CellType, type State } from './recurrent-cells';
import { uncovered, type Uncovered } from './refuse';
import { range, reshape, transpose } from './support';

/**
 * A step is about 37 nodes of the training graph. The runtime takes some ten seconds to open one of so
 * many steps, and four times as long for twice as many.
 */
const mostSteps = 500;

const unrolled =
  (type: CellType): Composition =>
  (node, write, differentiated) => {
    if (!differentiated) return undefined;
    const refusal = refusalOf(type, node, write);
    if (refusal) return refusal;
    const turned = (value: string, perm: readonly number[]) =>
      isBatchFirst(node) ? transpose(write, value, perm) : value;
    const input = node.input.map((value, i) => {
      return value && sequential.includes(i) ? turned(value, [1, 0, 2]) : value;
    });
    const [steps, batch] = write.shape(input[0]);
    const [directions, , hidden] = write.shape(input[2]);
    const runs = range(0, directions).map((at) => run(type, { ...node, input }, write, at));
    const all = ({ states }: Run) => {
      const together = states.map((state) => state.hidden);
      return reshape(write, joined(write, together, 0), [steps, 1, batch, hidden]);
    };
    const last = (values: readonly string[]) => {
      const apart = values.map((value) => reshape(write, value, [1, batch, hidden]));
      return turned(joined(write, apart, 0), [1, 0, 2]);
    };
    const [y, lastHidden, lastMemory] = node.output;
    return [
      y ? turned(joined(write, runs.map(all), 1), [2, 0, 1, 3]) : undefined,
      lastHidden ? last(runs.map(({ end }) => end.hidden)) : undefined,
      lastMemory ? last(runs.map(({ end }) => end.memory!)) : undefined,
    ];
  };

/** The inputs whose first axes change places with `layout` 1: X and the first states. */
const sequential = [0, 5, 6];

interface Run {
  /** In the order of the sequence. */
  readonly states: readonly State[];
  /** After the last step that was made, which backwards is that of the first place. */
  readonly end: State;
}

/** One direction through all steps, of a node whose first axis is the sequence. */
function run(type: CellType, node: Node, write: GraphWriter, direction: number): Run {
  const [x, weights, recurrents, biases, , hiddens, memories, peepholes] = node.input;
  const [steps, batch, size] = write.shape(x);
  const hidden = write.shape(recurrents)[2];
  const own = (value: string) => {
    const [, ...dims] = write.shape(value);
    return reshape(write, split(write, value, 0, 1)[direction], dims);
  };
  const zeros = () => write.floats(new Float32Array(batch * hidden), [batch, hidden]);
  const width = type.gates * hidden;
  const cell = type.cell({
    ...{ write, node, hidden, recurrent: own(recurrents) },
    biases: biases ? (split(write, own(biases), 0, width) as [string, string]) : undefined,
    peepholes: peepholes ? own(peepholes) : undefined,
    activations: activationsOf(type, node, direction).map(
      (name) => (value) => write.emit(operators[name.toLowerCase()], [value]),
    ),
  });
  const flat = reshape(write, x, [steps * batch, size]);
  const projected = split(write, linear(write, flat, own(weights), cell.bias), 0, batch);
  const isReverse = direction === 1 || stringAttribute(node, 'direction') === 'reverse';
  const ordered = <Each>(all: readonly Each[]) => (isReverse ? all.toReversed() : all);
  let end: State = {
    hidden: hiddens ? own(hiddens) : zeros(),
    memory: type.remembers ? (memories ? own(memories) : zeros()) : undefined,
  };
  const states = ordered(projected).map((each) => (end = cell.step(each, end)));
  return { states: ordered(states), end };
}

function joined(write: GraphWriter, values: readonly string[], axis: number): string {
  return values.length === 1 ? values[0] : write.emit('Concat', values, { axis });
}

/** Those that are differentiated, by their names in lower case, which the runtime does not tell apart. */
const operators: Readonly<Record<string, string>> = {
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
};

function activationsOf({ activations }: CellType, node: Node, direction: number): string[] {
  const named = stringsAttribute(node, 'activations') ?? [];
  return activations.map((usual, i) => named[direction * activations.length + i] ?? usual);
}

function refusalOf(type: CellType, node: Node, write: GraphWriter): Uncovered | undefined {
  const [steps, batch] = sizesOf(node, write);
  const [, weights, , , lengths] = node.input;
  const directions = range(0, write.shape(weights)[0]);
  const unknown = directions
    .flatMap((at) => activationsOf(type, node, at))
    .find((name) => !Object.hasOwn(operators, name.toLowerCase()));
  if (unknown) return uncovered(`its activation ${unknown} has no gradient rule here`);
  if (attribute(node, 'clip')) return uncovered('it clips what its gates read ("clip")');
  if (intAttribute(node, 'input_forget', 0) !== 0) {
    return uncovered('its input and forget gates are coupled ("input_forget")');
  }
  if (lengths && !isFull(write, lengths, steps)) {
    return uncovered(
      `its sequences end at lengths of their own ("${lengths}"), and it is trained over whole ones only: give ${batch} times ${steps} as a constant, or leave the input out`,
    );
  }
  const count = steps * directions.length;
  if (count <= mostSteps) return undefined;
  return uncovered(
    `it has ${count} steps to write out, over both directions where there are two, and more than ${mostSteps} take too long: bind the sequence of "${node.input[0]}" to a shorter one, by shorter samples`,
  );
}

function sizesOf(node: Node, write: GraphWriter): readonly [steps: number, batch: number] {
  const [first, second] = write.shape(node.input[0]);
  return isBatchFirst(node) ? [second, first] : [first, second];
}

function isBatchFirst(node: Node): boolean {
  return intAttribute(node, 'layout', 0) === 1;
}

function isFull(write: GraphWriter, lengths: string, steps: number): boolean {
  const tensor = write.constant(lengths);
  return tensor !== undefined && numbers(tensor).every((length) => length === steps);
}

export const recurrentCompositions: Readonly<Record<string, Composition>> = {
  LSTM: unrolled(lstm),
  GRU: unrolled(gru),
  RNN: unrolled(rnn),
};
