/** Measures the sensitivity table of a model, or finds the one that was measured before. */

import { z } from 'zod';
import type { SensitivityTable } from '#protocol/sensitivity';
import type { Dataset } from '../data/dataset';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import type { Cache } from '../passes/cache';
import type { PassContext } from '../passes/pass';
import { survey } from '../passes/quantize/draft';
import { quantizeOptions } from '../passes/quantize/options';
import { prepare } from '../passes/quantize/prepare';
import { quantize } from '../passes/quantize/quantize';
import { measureSensitivity } from '../passes/quantize/sensitivity/sensitivity';
import type { Runtime } from '../runtime/runtime';
import { toolName } from '../version';
import { canonicalJson, modelHash, textHash } from './identity';

const { profile, calibrator, per_channel, seed } = quantizeOptions.shape;

/** Bit widths that everything can be rounded to. */
const widths = [2, 3, 4, 8, 16];

export const sensitivityOptions = z.strictObject({
  bits: z
    .array(z.int().refine((bits) => widths.includes(bits), 'One of 2, 3, 4, 8, 16.'))
    .min(1)
    .default([8, 4])
    .describe('Bit widths of weights and activations, for example 8,4.'),
  samples: z.int().min(1).default(256).describe('Samples that are looked at.'),
  part_samples: z
    .int()
    .min(1)
    .default(32)
    .describe('How many of them weights alone and activations alone are measured on.'),
  profile,
  calibrator,
  per_channel,
  label_offset: z
    .int()
    .optional()
    .describe('Class k is output k + this; found out by itself where it is not given.'),
  seed: seed.unwrap().default(0).describe('Decides which samples are taken.'),
});

export type SensitivityRequest = z.infer<typeof sensitivityOptions>;

export interface SensitivityContext extends Pick<PassContext, 'signal' | 'progress'> {
  /** Called only where there is something to measure. */
  runtime(): Promise<Runtime>;
  readonly cache?: Cache;
}

/** @throws CoppiceError `refused` where the model cannot be quantized. */
export async function sensitivityTable(
  model: Model,
  path: string,
  data: Dataset,
  options: SensitivityRequest,
  context: SensitivityContext,
): Promise<SensitivityTable> {
  const refusal = quantize.refuse(model);
  if (refusal) throw new CoppiceError('refused', refusal);
  const hash = modelHash(path);
  const key = `sensitivity-${textHash(canonicalJson([toolName, hash, data.hash, options]))}`;
  const known = context.cache?.read(key);
  if (known) return JSON.parse(known) as SensitivityTable;
  const table = await measure(model, data, options, context, { path, hash });
  context.cache?.write(key, JSON.stringify(table));
  return table;
}

async function measure(
  model: Model,
  data: Dataset,
  options: SensitivityRequest,
  { signal, progress, ...context }: SensitivityContext,
  identity: SensitivityTable['model'],
): Promise<SensitivityTable> {
  const runtime = await context.runtime();
  const calibration = data.sample(Math.min(options.samples, data.samples), options.seed);
  const within = { signal, progress, seed: options.seed, runtime, calibration };
  const { profile, calibrator, per_channel, bits } = options;
  const quantization = quantizeOptions.parse({ profile, calibrator, per_channel });
  const prepared = await prepare(model, within);
  const surveyed = await survey(prepared, quantization, within);
  const partSamples = Math.min(options.part_samples, calibration.samples);
  const { samples, original, whole, layers } = await measureSensitivity(
    surveyed,
    quantization,
    { bits, partSamples, labelOffset: options.label_offset },
    within,
  );
  return {
    version: 1,
    tool: toolName,
    created: new Date().toISOString(),
    model: identity,
    profile,
    calibrator,
    perChannel: per_channel,
    samples,
    partSamples,
    bits,
    metric: original === null ? null : { id: 'top1', title: 'top-1 accuracy', samples },
    original,
    whole,
    layers,
    floats: surveyed.placement.floats,
  };
}
