/** What `coppice inspect --json` and `coppice groups --json` print and the editor's hints are made of. */

import type { LatencyEstimate } from './device';

export interface LayerInfo {
  /** The name its weights carry (`layer1.0.conv1`), else the node's. */
  readonly name: string;
  readonly op: string;
  readonly node: string;
  readonly outputShape: readonly (number | string)[] | null;
  readonly params: number;
  readonly macs: number;
  readonly weightBytes: number;
  /** Of one element of its largest weight, as the file stores it. */
  readonly bits?: number;
  /** Bytes of inputs and weights, and of outputs, that running it moves. */
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  /** Null until a device gives an estimate. */
  readonly latencyMs: number | null;
  /** Id of the channel group of its output axis; null where it has none. */
  readonly group: string | null;
  /** Size of its output channel axis; null where it has none. */
  readonly channels: number | null;
  /** How many of them can be cut. */
  readonly prunable: number;
  /** Why not all of them can; null when they can. */
  readonly pinned: string | null;
}

export interface ModelTotals {
  readonly params: number;
  /** Other constants: running statistics, quantization parameters, numbers that spell shapes. */
  readonly buffers: number;
  readonly macs: number;
  readonly weightBytes: number;
  readonly peakActivationBytes: number | null;
  readonly latencyMs: number | null;
  readonly layers: number;
  /** Share of the prunable layers' channels that can be cut, 0 … 1. */
  readonly prunableShare: number;
}

export interface ValueDescription {
  readonly dtype: string | null;
  readonly shape: readonly (number | string)[] | null;
}

export interface InspectionIssue {
  readonly severity: 'error' | 'warning' | 'information';
  readonly code: string;
  readonly message: string;
  readonly node?: string;
  readonly value?: string;
}

export interface Inspection {
  readonly model: {
    readonly path: string;
    readonly irVersion: number;
    readonly opsets: Readonly<Record<string, number>>;
    readonly inputs: readonly ({ readonly name: string } & ValueDescription)[];
    readonly outputs: readonly ({ readonly name: string } & ValueDescription)[];
  };
  readonly totals: ModelTotals;
  readonly layers: readonly LayerInfo[];
  readonly values?: Readonly<Record<string, ValueDescription>>;
  /** Where a device was asked about. */
  readonly latency?: LatencyEstimate;
  readonly issues: readonly InspectionIssue[];
}

export interface GroupInfo {
  readonly id: string;
  readonly channels: number;
  readonly units: number;
  readonly unit: string;
  readonly members: readonly {
    readonly node: string;
    readonly tensor: string;
    readonly axis: number;
    readonly role: string;
  }[];
  readonly layers: readonly string[];
  readonly pinned: boolean;
  readonly exact: boolean;
  readonly reason: string | null;
}

/** What a change is predicted to do, from the weights alone. */
export interface PredictedEffect {
  /** Shares of the model's MACs and params that go, 0 … 1; params may also grow. */
  readonly macsSaved: number;
  readonly paramsSaved: number;
  /** Root mean square error of the model's output relative to the output, before any recovery. */
  readonly error: number;
}

/** What a layer would best suffer. */
export type LayerAdvice = { readonly layer: string } & (
  | ({
      readonly kind: 'prune';
      /** What a recipe calls the layer. */
      readonly glob: string;
      /** The channel group that goes with it. */
      readonly group: string;
      /** Share of the group's channels. */
      readonly ratio: number;
    } & PredictedEffect)
  | ({
      readonly kind: 'decompose';
      readonly glob: string;
      /** Id of the method. */
      readonly method: string;
      /** In the order of the method. */
      readonly ranks: readonly number[];
    } & PredictedEffect)
  | { readonly kind: 'leave'; readonly reason: string }
);

export interface ModelAdvice {
  /** The most expensive layer first; those without MACs are left out. */
  readonly layers: readonly LayerAdvice[];
  /** Why there is none, or none for some layers; null where every layer has one. */
  readonly note: string | null;
}
