/** Devices and what a model is estimated to take on them, as `--json`, hints and reports carry it. */

/** Where a profile's figures come from, the most trustworthy first. */
export type Origin = 'calibrated' | 'anchored' | 'published' | 'spec';

/** One way to run models on a device. */
export interface DeviceSummary {
  /** `raspberry-pi-4/ncnn-cpu-t4-fp32`: the device, then how models run on it. */
  readonly id: string;
  /** `raspberry-pi-4`. */
  readonly device: string;
  /** `Raspberry Pi 4`. */
  readonly name: string;
  /** `ncnn, 4 threads, fp32`. */
  readonly runtime: string;
  readonly origin: Origin;
  /** Bounds of the ratio measured to estimated that 80 % of the models keep; null for a bound. */
  readonly interval: {
    readonly low: number;
    readonly high: number;
    readonly models: number;
  } | null;
  readonly memoryBytes: number | null;
  /** Price of the machine, for devices that are rented. */
  readonly price: { readonly perMonth: number; readonly currency: string } | null;
  /** What may not be expected of the figures; empty where there is nothing to say. */
  readonly notes: readonly string[];
}

/** What a layer takes: a time of its own, or none, because another layer's kernel computes it. */
export type LayerLatency = { readonly ms: number } | { readonly fusedInto: string };

export interface LatencyEstimate {
  readonly device: Pick<DeviceSummary, 'id' | 'device' | 'name' | 'runtime' | 'origin'>;
  /** `bound`: no model can be faster, which says nothing about how fast it is. */
  readonly kind: 'estimate' | 'bound';
  /** Milliseconds of one inference. */
  readonly ms: number;
  /** The interval that 80 % of the models keep, in milliseconds; null for a bound. */
  readonly lowMs: number | null;
  readonly highMs: number | null;
  /** By the names that inspection gives layers. */
  readonly layers: Readonly<Record<string, LayerLatency>>;
  /** Milliseconds of kernels that belong to no layer. */
  readonly restMs: number;
  /** Share of the time, 0 … 1, in kernels that the profile knows no figures for. */
  readonly uncovered: number;
  /** Of a rented machine that does nothing else. */
  readonly costPerMillion: { readonly amount: number; readonly currency: string } | null;
}
