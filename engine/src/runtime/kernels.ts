/**
 * What ONNX Runtime's profile of a session says: which kernels ran and how long each of their runs
 * took. Its file is a list of events in the format of Chrome's tracing.
 */

/** A kernel, which may compute several nodes of the model, or one that the runtime inserted. */
export interface Kernel {
  /** Made of the names of the nodes it stands for, of the value it gives, or made up. */
  readonly name: string;
  /** The operator it implements, for example `QLinearConv`. */
  readonly op: string;
  /** Milliseconds of each run, in order. */
  readonly times: Float64Array;
  /** Sizes of the values it gives; absent where the runtime does not say. */
  readonly outputs?: readonly (readonly number[])[];
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: {
    readonly op_name?: string;
    /** Of each value its element type and sizes. */
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

const ending = '_kernel_time';

/** The kernels in the order of their first run; those inside of subgraphs count to the node that holds them. */
export function kernelsOf(profile: string): Kernel[] {
  const events = (JSON.parse(profile) as ProfileEvent[])
    .filter(({ cat, name }) => cat === 'Node' && name?.endsWith(ending))
    .sort((a, b) => a.ts! - b.ts! || b.dur! - a.dur!);
  const found = new Map<string, Omit<Kernel, 'name' | 'times'> & { times: number[] }>();
  let end = -Infinity;
  for (const { name = '', ts = 0, dur = 0, args } of events) {
    if (ts + dur <= end && ts < end) continue;
    end = ts + dur;
    const kernel = name.slice(0, -ending.length);
    const entry = found.get(kernel) ?? {
      op: args?.op_name ?? '',
      outputs: args?.output_type_shape?.flatMap((each) => Object.values(each)),
      times: [],
    };
    entry.times.push(dur / 1000);
    found.set(kernel, entry);
  }
  return [...found].map(([name, { times, ...rest }]) => {
    return { name, ...rest, times: Float64Array.from(times) };
  });
}
