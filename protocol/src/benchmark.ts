/** What `coppice benchmark --json` prints: how long a model takes, and where the time goes. */

import type { LatencyEstimate } from './device';

export interface Benchmark {
  /** Path of the model. */
  readonly model: string;
  /** `this machine`, `pi@10.0.0.7`. */
  readonly host: string;
  readonly machine: BenchmarkMachine;
  /** Those that everything was pinned to; null where the system chose. */
  readonly cores: readonly number[] | null;
  readonly threads: number;
  /** Timed runs, and those before the first timed one. */
  readonly runs: number;
  readonly warmUp: number;
  /** Milliseconds of one inference by the clock on the wall: percentiles of all timed runs. */
  readonly minMs: number;
  readonly p10Ms: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Median of the processor time of all threads; null where it cannot be had. */
  readonly cpuMs: number | null;
  /** Empty unless layers were asked for. */
  readonly layers: readonly LayerBenchmark[];
  /** Milliseconds of kernels that only convert values; null unless layers were asked for. */
  readonly conversionsMs: number | null;
  /** Milliseconds of all other kernels that belong to no layer. */
  readonly restMs: number | null;
  /** What a profile says the model takes; null unless a device was named. */
  readonly estimate: LatencyEstimate | null;
  /** What may have disturbed the measurement, in full sentences. */
  readonly warnings: readonly string[];
}

/** Where the model was timed; null for what the machine does not tell. */
export interface BenchmarkMachine {
  readonly processor: string;
  readonly architecture: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** `onnxruntime 1.30.0`. */
  readonly runtime: string;
  readonly governor: string | null;
  /** Processes that wanted to run before the measurement began, on average of a minute. */
  readonly load: number | null;
  readonly celsius: number | null;
}

/** A layer, by the name that inspection gives it. */
export interface LayerBenchmark {
  readonly name: string;
  readonly op: string;
  /** Milliseconds of the layer's kernel; null for one that another kernel computes. */
  readonly ms: number | null;
  /** The operator of that kernel, for example `QLinearConv`. */
  readonly kernel: string | null;
  /** The layer whose kernel computes this one, too. */
  readonly fusedInto: string | null;
}
