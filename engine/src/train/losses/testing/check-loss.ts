/**
 * Test support: a loss as a graph, its value and its gradients, beside a plain function of doubles and
 * the finite differences of that.
 */

import { emptyGraph } from '../../../ir/empty-graph';
import type { Model } from '../../../ir/model';
import { dimsOf, elementCount, floats } from '../../../ir/tensor';
import { seededRandom } from '../../../linalg/random';
import { encodeModel } from '../../../onnx/write';
import type { Feeds } from '../../../runtime/runtime';
import { GraphBuilder } from '../../graph-builder';
import type { Tap } from '../../taps';
import { Tape } from '../../tape';
import { testRuntime } from '../../testing/check-gradient';
import { writeLosses } from '../../write-losses';
import type { Loss, LossShapes } from '../loss';

export interface Values {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

export type Given = Readonly<Record<string, Values>>;

export interface CheckedLoss {
  readonly loss: Loss;
  readonly student: Given;
  /** What is fed: values of the teacher, and `@targets`. */
  readonly teacher: Given;
  /** The same loss of the values of both, and of what it learns. */
  reference(student: Given, teacher: Given, learnt: Given): number;
}

export interface Checked {
  readonly value: number;
  readonly expected: number;
  /** For each value of the student and each learnt parameter, relative to the largest element. */
  readonly gradients: readonly { readonly name: string; readonly error: number }[];
}

/** Normal numbers. */
export function randomValues(dims: readonly number[], seed: number, mean = 0): Values {
  const random = seededRandom(seed);
  const count = dims.reduce((product, dim) => product * dim, 1);
  // What float32 holds, so that both sides begin alike.
  const data = Float64Array.from({ length: count }, () => Math.fround(mean + random.normal()));
  return { dims, data };
}

export function tapAt(value: string, axis = 1, more: Partial<Tap> = {}): Tap {
  return { layer: value, value, before: value, axis, ...more };
}

/** The first value of the student counts as its output. */
export async function checkLoss({
  loss,
  student,
  teacher,
  reference,
}: CheckedLoss): Promise<Checked> {
  const shapes: LossShapes = {
    shape: (name) => student[name].dims,
    teacherShape: (name) => teacher[name].dims,
  };
  const learnt = Object.fromEntries(
    (loss.learns?.(shapes) ?? []).map(({ tensor }): [string, Values] => {
      // Zeros and ones would hide mistakes.
      const noise = randomValues([elementCount(tensor)], 91).data;
      const data = Float64Array.from(floats(tensor), (each, i) =>
        Math.fround(each + 0.3 * noise[i]),
      );
      return [tensor.name!, { dims: dimsOf(tensor), data }];
    }),
  );
  const given = { ...student, ...learnt };
  const { value, gradients } = await run(loss, student, teacher, learnt, shapes);
  return {
    value,
    expected: reference(student, teacher, learnt),
    gradients: Object.keys(given).map((name, i) => {
      const expected = differences(given, name, (moved) => reference(moved, teacher, moved));
      const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-6);
      const error = expected.reduce((most, each, at) => {
        return Math.max(most, Math.abs(each - gradients[i][at]));
      }, 0);
      return { name, error: error / largest };
    }),
  };
}

async function run(loss: Loss, student: Given, teacher: Given, learnt: Given, shapes: LossShapes) {
  const build = new GraphBuilder();
  const given = { ...student, ...learnt };
  for (const [name, { dims }] of Object.entries(given)) build.input(name, 'float', dims);
  const tape = new Tape(build, Object.keys(given));
  const options = {
    batch: 1,
    trained: () => true,
    statistics: 'batch' as const,
    losses: [{ loss, weight: 1 }],
    teacher: modelGiving(Object.keys(teacher)[0]),
  };
  const total = writeLosses(build, tape, Object.keys(student)[0], options, shapes);
  const names = tape.gradients(total).map((gradient, i) => {
    if (gradient !== undefined) build.emitAs(`gradient.${i}`, gradient);
    return gradient === undefined ? undefined : `gradient.${i}`;
  });
  build.emitAs('loss', total);
  const model = build.model(['loss', ...names.filter((name) => name !== undefined)]);
  const session = await (await testRuntime()).open(encodeModel(model), { optimize: 'none' });
  try {
    const taught = Object.entries(teacher).map(([name, values]) => {
      return [name.startsWith('@') ? name : `@teacher.${name}`, values];
    });
    const all = { ...given, ...(Object.fromEntries(taught) as Given) };
    const wanted = new Set(session.inputs.map(({ name }) => name));
    const feeds: Feeds = Object.fromEntries(
      Object.entries(all).flatMap(([name, { dims, data }]) => {
        return wanted.has(name)
          ? [[name, { type: 'float' as const, dims, data: Float32Array.from(data) }]]
          : [];
      }),
    );
    const results = await session.run(feeds);
    return {
      value: Number(results.loss.data[0]),
      gradients: names.map((name, i) =>
        name ? (results[name].data as Float32Array) : Object.values(given)[i].data.map(() => 0),
      ),
    };
  } finally {
    await session.close();
  }
}

/** Central differences, element by element. */
function differences(given: Given, name: string, of: (moved: Given) => number): Float64Array {
  const step = 1e-6;
  return given[name].data.map((_, i) => {
    const [up, down] = [step, -step].map((by) => {
      const data = Float64Array.from(given[name].data);
      data[i] += by;
      return of({ ...given, [name]: { ...given[name], data } });
    });
    return (up - down) / (2 * step);
  });
}

function modelGiving(output: string): Model {
  const graph = { ...emptyGraph('teacher'), output: [{ name: output, metadataProps: [] }] };
  return { opsetImport: [], metadataProps: [], functions: [], graph };
}
