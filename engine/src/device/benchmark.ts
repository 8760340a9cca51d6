/**
 * How long a model takes on a host: percentiles of warm runs, and on request the time of each layer
 * by the runtime's own profiler. Recording slows runs down, so that a session of its own records, and
 * both take turns.
 */

import type { Benchmark, BenchmarkMachine, LayerBenchmark } from '#protocol/benchmark';
import { findLayers } from '../inspect/layers';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model } from '../ir/model';
import { inferTypes } from '../ops/infer';
import { kernelTimes, withMarks } from '../runtime/kernel-nodes';
import { quantile } from '../runtime/measure';
import { disturbances } from './disturbances';
import type { Host, HostDescription, HostSession } from './host/host';
import { layerTimes } from './layer-times';

export interface BenchmarkOptions {
  /** Default: as many as the host has pinned cores, else 1. */
  readonly threads?: number;
  /** Timed runs. Default: what fits ten seconds, at least 10 and at most 200. */
  readonly runs?: number;
  /** Runs before the first timed one. Default: 5. */
  readonly warmUp?: number;
  /** Whether the kernels are recorded. */
  readonly layers?: boolean;
  /** Of the values that the model is run on. */
  readonly seed?: number;
  /** Directory that external data is relative to. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
  progress?(message: string, fraction: number): void;
}

/** What is known after a measurement; where the model comes from and its estimate are the caller's. */
export type Measured = Omit<Benchmark, 'model' | 'estimate'>;

const budgetMs = 10_000;
const [fewestRuns, mostRuns] = [10, 200];
/** Sessions take turns; a turn of the recorded one begins with an untimed run. */
const turns = 10;

/** @throws CoppiceError when the host's runtime cannot open or run the model. */
export async function benchmark(
  host: Host,
  given: Model,
  options: BenchmarkOptions = {},
): Promise<Measured> {
  const {
    threads = host.cores?.length ?? 1,
    warmUp = 5,
    seed,
    directory,
    signal,
    progress,
  } = options;
  const { model } = inlineFunctions(given);
  // Before the measurement itself makes the machine busy.
  const machine = await host.describe();
  const sessions: HostSession[] = [];
  const open = async (opened: Model, profile: boolean): Promise<HostSession> => {
    const session = await host.open(opened, { threads, profile, seed, directory, signal });
    sessions.push(session);
    return session;
  };
  try {
    progress?.('opening the model', 0);
    const plain = await open(model, false);
    const recorded = options.layers ? await open(withMarks(model), true) : undefined;
    progress?.('warming up', 0);
    const first = await plain.time({ warmUp: Math.max(0, warmUp - 1), runs: 1 });
    const runs = options.runs ?? fittingRuns(first.wallMs[0] * (recorded ? 2 : 1));
    const [wall, cpu]: [number[], number[]] = [[], []];
    for (let done = 0, turn = 1; done < runs; turn++) {
      const some = Math.ceil((runs * turn) / turns) - done;
      if (some === 0) continue;
      // The other session has left its own values in the caches.
      const { wallMs, cpuMs } = await plain.time({
        warmUp: recorded && turn > 1 ? 1 : 0,
        runs: some,
      });
      wall.push(...wallMs);
      cpu.push(...(cpuMs ?? []));
      await recorded?.time({ warmUp: 1, runs: some });
      done += some;
      progress?.(`${done} of ${runs} runs`, done / runs);
    }
    const kernels = recorded && (await recorded.kernels());
    const times = percentiles(wall, cpu);
    return {
      host: host.name,
      machine: machineOf(machine),
      cores: host.cores ?? null,
      threads,
      runs,
      warmUp,
      ...times,
      ...byLayers(model, times.medianMs, kernels),
      warnings: disturbances(machine, { threads, ...times }),
    };
  } finally {
    for (const session of sessions) await session.close();
  }
}

function fittingRuns(ms: number): number {
  return Math.min(mostRuns, Math.max(fewestRuns, Math.round(budgetMs / ms)));
}

type Percentiles = Pick<Benchmark, 'minMs' | 'p10Ms' | 'medianMs' | 'p90Ms' | 'p99Ms' | 'cpuMs'>;

function percentiles(wall: readonly number[], cpu: readonly number[]): Percentiles {
  const sorted = Float64Array.from(wall).sort();
  const [minMs, p10Ms, medianMs, p90Ms, p99Ms] = [0, 0.1, 0.5, 0.9, 0.99].map((share) =>
    quantile(sorted, share),
  );
  const cpuMs = cpu.length > 0 ? quantile(Float64Array.from(cpu).sort(), 0.5) : null;
  return { minMs, p10Ms, medianMs, p90Ms, p99Ms, cpuMs };
}

type Layered = Pick<Benchmark, 'layers' | 'conversionsMs' | 'restMs'>;

function byLayers(
  model: Model,
  totalMs: number,
  kernels: Awaited<ReturnType<HostSession['kernels']>> | undefined,
): Layered {
  if (!kernels) return { layers: [], conversionsMs: null, restMs: null };
  const times = kernelTimes(model.graph!, kernels);
  const { layers, layersMs, conversionsMs } = layerTimes(model, { totalMs, ...times });
  const ops = new Map(
    findLayers(model, inferTypes(model, {})).map(({ name, node }) => [name, node.opType ?? '']),
  );
  const nodesMs = [...times.nodes.values()].reduce(
    (sum, time) => sum + ('ms' in time ? time.ms : 0),
    0,
  );
  const list = [...layers].map(([name, time]): LayerBenchmark => {
    const { latencyMs: ms = null, kernel = null, fusedInto = null } = time;
    return { name, op: ops.get(name) ?? '', ms, kernel, fusedInto };
  });
  return { layers: list, conversionsMs, restMs: Math.max(0, nodesMs - layersMs) };
}

function machineOf({ runtime, ...machine }: HostDescription): BenchmarkMachine {
  const { processor, architecture, cores, memoryBytes, governor, load, celsius } = machine;
  const version = `${runtime.name} ${runtime.version}`;
  return { processor, architecture, cores, memoryBytes, runtime: version, governor, load, celsius };
}
