/** The report of a compression: what `--json` prints, `report.json` holds and the webview shows. */

import type { DeviceSummary, LatencyEstimate } from './device';
import type { TrainingCurve } from './training';

export interface ModelFigures {
  readonly params: number;
  readonly macs: number;
  readonly weightBytes: number;
  /** The whole file after gzip; only where a step gains nothing but that. */
  readonly compressedBytes?: number;
  /** Milliseconds per inference, measured on this machine; null where it was not. */
  readonly latencyMs: number | null;
  /** Milliseconds per inference, estimated for the device of the run; absent without one. */
  readonly estimatedMs?: number;
  /** Task metric (top-1 share) or fidelity; null without data. */
  readonly metric: number | null;
}

export interface MetricName {
  readonly id: 'top1' | 'fidelity';
  /** `top-1 accuracy`, `SQNR to the original in dB`. */
  readonly title: string;
  readonly samples: number;
}

export interface GroupReport {
  /** Channel group or layer. */
  readonly subject: string;
  readonly layers: readonly string[];
  /** What `before` and `after` count; channels where it is not said. */
  readonly counts?: 'channels' | 'macs' | 'nodes' | 'weights' | 'bits' | 'loss';
  readonly before: number;
  readonly after: number;
  readonly reason: string;
  /** The figures behind the reason, by names that stay the same. */
  readonly why?: Why;
}

/** Numbers, words, ranges [least, most], and curves as lists of [x, y]. */
export type Why = Readonly<Record<string, WhyValue>>;
export type WhyValue =
  string | number | null | readonly [number, number] | readonly (readonly [number, number])[];

export interface StepReport {
  /** Pass id: `prune`, `quantize` … */
  readonly pass: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly figures: ModelFigures;
  readonly groups: readonly GroupReport[];
  readonly notes: readonly string[];
  /** How training went, in the order of trainings; absent where nothing was trained. */
  readonly curves?: readonly TrainingCurve[];
}

export interface Verification {
  /** The result was loaded and run in the runtime. */
  readonly loads: boolean;
  /** Its shapes agree with our own inference. */
  readonly shapesMatch: boolean;
  /** Masked original against cut model, relative to the largest output; null where not applicable. */
  readonly maxRelativeError: number | null;
  readonly maxAbsError: number | null;
  readonly messages: readonly string[];
}

export interface Report {
  readonly version: 1;
  readonly tool: string;
  readonly created: string;
  readonly recipe: {
    readonly path: string | null;
    readonly text: string | null;
    readonly hash: string;
  };
  readonly model: { readonly path: string; readonly hash: string };
  readonly output: string;
  readonly seed: number;
  /** What the steps calibrated and trained with, and what the models were measured on; absent without data. */
  readonly data?: { readonly calibration: ReportData; readonly validation?: ReportData };
  readonly runtime: string | null;
  readonly metric: MetricName | null;
  readonly before: ModelFigures;
  readonly after: ModelFigures;
  readonly steps: readonly StepReport[];
  readonly verification: Verification;
  /** Where the time of one inference goes; absent where the models cannot be run on random values. */
  readonly timing?: { readonly before: Timing; readonly after: Timing };
  /** What the device of the run makes of both models; absent where the run names none. */
  readonly device?: DeviceReport;
  /** What the recipe asked of the result; absent where it asked for nothing. */
  readonly targets?: readonly TargetReport[];
  /** Layer by layer, in graph order, before and after. */
  readonly layers: readonly LayerComparison[];
  readonly issues: readonly ReportIssue[];
}

export interface ReportData {
  readonly path: string;
  readonly samples: number;
  /** Of content and preprocessing. */
  readonly hash: string;
}

/** Milliseconds of one inference on this machine, on one thread, both models measured in turns. */
export interface Timing {
  readonly totalMs: number;
  /** Of the kernels of its layers. */
  readonly layersMs: number;
  /** Of kernels that only convert values between float and integers, or between memory layouts. */
  readonly conversionsMs: number;
}

export interface DeviceReport {
  readonly device: DeviceSummary;
  readonly before: DeviceFigures;
  readonly after: DeviceFigures;
}

export interface DeviceFigures extends Pick<
  LatencyEstimate,
  'kind' | 'ms' | 'lowMs' | 'highMs' | 'restMs' | 'uncovered' | 'costPerMillion'
> {
  /** Of its weights and of the largest activations that are held at once; null where not known. */
  readonly neededBytes: number | null;
  /** Whether the device's memory holds as many; null where one of them is not known. */
  readonly fits: boolean | null;
}

export type TargetQuantity = 'latency' | 'size' | 'macs' | 'params' | 'accuracy' | 'accuracy_drop';

export interface TargetReport {
  readonly quantity: TargetQuantity;
  /** As the recipe writes it, for example `12 ms`. */
  readonly asked: string;
  /** In milliseconds, bytes, counts or shares (of an accuracy and its drop). */
  readonly limit: number;
  /** In the same unit; null where it is not known. */
  readonly reached: number | null;
  /** `likely`: by the estimate, but not at the far end of its interval. */
  readonly verdict: 'met' | 'likely' | 'missed' | 'unknown';
  /** In one sentence. */
  readonly message: string;
}

export interface ReportIssue {
  readonly severity: 'error' | 'warning' | 'information';
  /** Stable kebab-case identifier; `target-missed` when less could go than was asked for. */
  readonly code: string;
  readonly message: string;
}

/** The warning that a target or a budget was missed; undefined where all were met. */
export function missedTarget({ issues }: Pick<Report, 'issues'>): ReportIssue | undefined {
  const missed = ['target-missed', 'over-budget'];
  return issues.find(({ code, severity }) => missed.includes(code) && severity === 'warning');
}

export interface LayerComparison {
  readonly name: string;
  readonly op: string;
  readonly before: LayerFigures | null;
  readonly after: LayerFigures | null;
}

export interface LayerFigures {
  readonly params: number;
  readonly macs: number;
  readonly channels: number;
  /** Of one element of its weight as the file stores it. */
  readonly bits?: number;
  /** Milliseconds of its kernel on this machine; absent where it was not measured or has none. */
  readonly latencyMs?: number;
  /** Milliseconds that it is estimated to take on the device of the run; 0 where it is fused. */
  readonly estimatedMs?: number;
  /** The operator that the runtime computes it with: `QLinearConv` computes on integers. */
  readonly kernel?: string;
  /** The layer, or else the value, whose kernel computes it along. */
  readonly fusedInto?: string;
}
