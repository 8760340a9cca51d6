/** The teacher beside the steps: its outputs are what losses compare with. */

import type { Batch, Dataset, Values } from '../data/dataset';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { feederFor } from '../runtime/feeds';
import { exposeOutputs } from '../runtime/expose-outputs';
import type { Feeds, NamedTensor } from '../runtime/runtime';
import type { TrainContext } from './train';

export interface Teacher {
  /**
   * The wanted values, by their names in the teacher.
   *
   * @param samples as they are trained on; `indices` tell which they are where nothing has changed them.
   */
  ask(samples: Batch, signal: AbortSignal): Promise<Feeds>;
  close(): Promise<void>;
}

/**
 * @param values what losses read of it, by name.
 * @throws CoppiceError `feeds` where the teacher does not take such samples.
 */
export async function openTeacher(
  model: Model,
  values: readonly string[],
  { runtime, directory, data }: Pick<TrainContext, 'runtime' | 'directory' | 'data'>,
): Promise<Teacher> {
  const own = new Set(model.graph!.output.map(({ name }) => name));
  const exposed = exposeOutputs(
    model,
    values.filter((name) => !own.has(name)),
  );
  const output = exposed.graph!.output.filter(({ name }) => values.includes(name!));
  const only = { ...exposed, graph: { ...exposed.graph!, output } };
  const session = await runtime.open(encodeModel(only), { directory, label: 'the teacher' });
  const feeder = feederFor(session, data);
  const most = feeder.isFixed ? feeder.batchSize : Infinity;
  return {
    ask: async (samples, signal) => {
      const parts: Feeds[] = [];
      for (const part of partsOf(samples, most)) {
        const answers = await session.run(feeder.feeds(part), undefined, signal);
        parts.push(feeder.isFixed ? shareOf(answers, part.dims[0] / most) : answers);
      }
      return parts.length === 1 ? parts[0] : joined(parts);
    },
    close: () => session.close(),
  };
}

/** Pieces for a model that takes only so many samples at once. */
function partsOf(samples: Batch, most: number): Batch[] {
  const [count] = samples.dims;
  if (count <= most) return [samples];
  return Array.from({ length: Math.ceil(count / most) }, (_, i) => {
    const part = (values: Values) => rowsOf(values, i * most, (i + 1) * most);
    const others = Object.entries(samples.others ?? {}).map(([name, each]) => [name, part(each)]);
    return { ...part(samples), others: Object.fromEntries(others) as Batch['others'] };
  });
}

function rowsOf({ data, dims: [count, ...dims] }: Values, from: number, to: number): Values {
  const size = data.length / count;
  const rows = data.subarray(from * size, to * size);
  return { data: rows, dims: [rows.length / size, ...dims] };
}

/** Without what is said of samples that only fill up a batch. */
function shareOf(answers: Feeds, share: number): Feeds {
  if (share === 1) return answers;
  return Object.fromEntries(
    Object.entries(answers).map(
      ([
        name,
        {
          type,
          dims: [rows, ...dims],
          data,
        },
      ]) => {
        const own = data.subarray(0, data.length * share);
        return [name, { type, dims: [rows * share, ...dims], data: own }];
      },
    ),
  );
}

function joined(parts: readonly Feeds[]): Feeds {
  return Object.fromEntries(
    Object.entries(parts[0]).map(([name, { type, dims }]) => {
      const all = parts.map((part) => part[name]);
      const data = new Float32Array(all.reduce((sum, part) => sum + part.data.length, 0));
      let offset = 0;
      for (const part of all) {
        data.set(part.data as Float32Array, offset);
        offset += part.data.length;
      }
      const count = all.reduce((sum, part) => sum + part.dims[0], 0);
      return [name, { type, dims: [count, ...dims.slice(1)], data }];
    }),
  );
}

/**
 * Asks for all samples once, before the first epoch, and from then on only looks up. They are asked for
 * in the order of the data: so that a run that goes on after it was stopped hears exactly the same.
 *
 * @param most bytes that may be kept.
 * @returns undefined where the answers are too large, or samples cannot be told apart.
 */
export async function remembering(
  teacher: Teacher,
  data: Dataset,
  { batch, most, signal }: { batch: number; most: number; signal: AbortSignal },
): Promise<Teacher | undefined> {
  const rows = new Map<number, number>();
  const kept = new Map<string, { dims: readonly number[]; size: number; data: Float32Array }>();
  for await (const samples of data.batches(batch, signal)) {
    if (!samples.indices) return undefined;
    const answers = await teacher.ask(samples, signal);
    for (const [name, { dims, data: values }] of Object.entries(answers)) {
      const size = values.length / samples.dims[0];
      if (!kept.has(name)) {
        const bytes =
          4 * data.samples * [...kept.values()].reduce((sum, each) => sum + each.size, size);
        if (bytes > most) return undefined;
        kept.set(name, { dims: dims.slice(1), size, data: new Float32Array(data.samples * size) });
      }
      kept.get(name)!.data.set(values as Float32Array, rows.size * size);
    }
    for (const index of samples.indices) rows.set(index, rows.size);
  }
  return {
    ask: ({ indices }) => {
      const answers = [...kept].map(([name, { dims, size, data: all }]) => {
        const found = new Float32Array(indices!.length * size);
        indices!.forEach((index, n) => {
          const row = rows.get(index)!;
          found.set(all.subarray(row * size, (row + 1) * size), n * size);
        });
        const tensor: NamedTensor = {
          type: 'float',
          dims: [indices!.length, ...dims],
          data: found,
        };
        return [name, tensor] as const;
      });
      return Promise.resolve(Object.fromEntries(answers));
    },
    close: () => teacher.close(),
  };
}
