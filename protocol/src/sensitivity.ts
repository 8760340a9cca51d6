/** How a model takes quantization, layer by layer: what `coppice sensitivity --json` prints and the editor shows. */

import type { MetricName } from './report';

export interface SensitivityTable {
  readonly version: 1;
  readonly tool: string;
  readonly created: string;
  readonly model: { readonly path: string; readonly hash: string };
  readonly profile: string;
  readonly calibrator: string;
  /** A scale for each output channel of a weight. */
  readonly perChannel: boolean;
  /** Samples it was measured on. */
  readonly samples: number;
  /** Samples that weights alone and activations alone were measured on: fewer, to save time. */
  readonly partSamples: number;
  /** Bit widths, as they were asked for. */
  readonly bits: readonly number[];
  /** The task metric, where there are labels. */
  readonly metric: MetricName | null;
  /** The metric of the original. */
  readonly original: number | null;
  /** All layers at once, for each width: everything, weights only, activations only. */
  readonly whole: readonly WholeSensitivity[];
  /** In graph order. */
  readonly layers: readonly LayerSensitivity[];
  /** Layers that the profile leaves in floating point, and why. */
  readonly floats: readonly { readonly name: string; readonly reason: string }[];
}

/** Enough to tell a table from any other JSON file, and to show it without a crash. */
export function isSensitivityTable(value: unknown): value is SensitivityTable {
  return (
    isRecord(value) &&
    value.version === 1 &&
    isRecord(value.model) &&
    typeof value.samples === 'number' &&
    typeof value.profile === 'string' &&
    (value.metric === null || (isRecord(value.metric) && typeof value.metric.title === 'string')) &&
    Array.isArray(value.layers) &&
    value.layers.every(isLayer)
  );
}

function isLayer(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    Array.isArray(value.widths) &&
    value.widths.every(isWidth)
  );
}

function isWidth(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.bits === 'number' &&
    ['good', 'fair', 'bad'].includes(String(value.verdict)) &&
    isLevel(value.weightSqnrDb) &&
    isLevel(value.activationSqnrDb) &&
    isEffect(value.only) &&
    (value.restored === null || isEffect(value.restored)) &&
    (value.reason === null || typeof value.reason === 'string')
  );
}

function isEffect(value: unknown): boolean {
  return isRecord(value) && isLevel(value.sqnrDb) && isLevel(value.metric);
}

function isLevel(value: unknown): boolean {
  return value === null || typeof value === 'number';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What some quantization does to the model's output. */
export interface Effect {
  /** Signal to quantization noise of the output in dB; null where nothing changed. */
  readonly sqnrDb: number | null;
  /** Task metric; null without labels. */
  readonly metric: number | null;
}

export interface WholeSensitivity {
  readonly bits: number;
  readonly both: Effect;
  readonly weights: Effect;
  readonly activations: Effect;
}

export interface LayerSensitivity {
  readonly name: string;
  readonly op: string;
  readonly params: number;
  readonly macs: number;
  readonly widths: readonly WidthSensitivity[];
}

export interface WidthSensitivity {
  readonly bits: number;
  /** Of the layer's weight, against its rounding. */
  readonly weightSqnrDb: number | null;
  /** Of what the layer reads, against its rounding. */
  readonly activationSqnrDb: number | null;
  /** Nothing but this layer quantized: its weight and what it reads. */
  readonly only: Effect;
  readonly onlyWeights: Effect | null;
  readonly onlyActivations: Effect | null;
  /** Everything quantized at this width but this layer. */
  readonly restored: Effect | null;
  readonly verdict: 'good' | 'fair' | 'bad';
  /** Why it is not good, in words: for example which channel's range spoils the others'. */
  readonly reason: string | null;
}
