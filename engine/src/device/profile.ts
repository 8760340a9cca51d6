/**
 * What is known of a device: one JSON file each, with a profile for every way to run models on it.
 * A profile belongs to (device, runtime, version, provider, threads, precision); none is ever
 * stretched to another.
 */

import { z } from 'zod';

const quantile = z.number().describe('Natural logarithm of measured over estimated.');

const intervalSchema = z.strictObject({
  q10: quantile,
  q90: quantile,
  n: z.int().describe('Models it was found on.'),
  basis: z.enum(['leave-one-model-out', 'leave-one-device-out', 'held-out probes', 'assumed']),
});

const errorSchema = z
  .strictObject({
    median: z.number(),
    p90: z.number(),
    within10: z.number().describe('Share of the models whose error is at most 10 %.'),
    within20: z.number(),
    rank: z.number().describe('Spearman correlation of estimated and measured.'),
  })
  .describe('Relative errors on models that were held out.');

/** Milliseconds = Σ max(work · coefficient of the class, bytes · memory) + overhead per kernel. */
const rooflineSchema = z.strictObject({
  form: z.literal('roofline'),
  classes: z.record(z.string(), z.number()).describe('ms per million units of work.'),
  memory: z.number().describe('ms per million bytes.'),
  overhead: z.number().describe('ms per kernel.'),
  shape: z
    .record(z.string(), z.number())
    .describe('Constants that say how sizes of a kernel lower its efficiency.'),
});

/** Microseconds of a kernel = (perNode + Σ coefficient · feature) · scale, by its class. */
const linearSchema = z.strictObject({
  form: z.literal('linear'),
  classes: z.record(
    z.string(),
    z.strictObject({
      features: z.record(z.string(), z.number()).describe('us per unit of each feature.'),
      samples: z.int(),
      medianError: z.number(),
    }),
  ),
  perNode: z.number().describe('us per kernel.'),
  perRun: z.number().describe('us of a run beside its kernels.'),
  scale: z.number().describe('A whole run over the sum of its kernels.'),
});

/** No model is faster than its arithmetic at peak rate, nor than its traffic at full bandwidth. */
const boundSchema = z.strictObject({
  form: z.literal('bound'),
  macsPerSecond: z.number(),
  bytesPerSecond: z.number(),
  weightBytes: z.number().optional().describe('Bytes of one weight at this precision. Default: 4.'),
});

export const profileSchema = z.strictObject({
  runtime: z.strictObject({
    name: z.enum(['onnxruntime', 'ncnn', 'tensorrt']),
    version: z.string().optional(),
    asOf: z.string().optional().describe('Date of the measurements, where no version is known.'),
    provider: z.enum(['cpu', 'vulkan', 'cuda', 'tensorrt']),
    threads: z.int().min(1),
    precision: z.enum(['fp32', 'fp16', 'int8', 'mixed']),
  }),
  origin: z.enum(['calibrated', 'anchored', 'published', 'spec']),
  lowering: z.strictObject({
    rules: z.string().describe('Id of the rules that turn a graph into kernels.'),
    block: z.int().min(1).describe('Channels that the runtime computes at once.'),
    align: z.int().min(1).describe('Channel counts that are no multiple of it are slow.'),
  }),
  cost: z.discriminatedUnion('form', [rooflineSchema, linearSchema, boundSchema]),
  interval: intervalSchema.optional().describe('80 % of the models; absent for a bound.'),
  error: errorSchema.optional(),
  referenceMs: z
    .number()
    .optional()
    .describe('What the reference network took while it was calibrated: the speed that is meant.'),
  anchors: z
    .array(z.strictObject({ model: z.string(), measuredMs: z.number(), estimatedMs: z.number() }))
    .optional()
    .describe('Models the user timed, by which the figures were rescaled.'),
  notes: z.array(z.string()).optional(),
  source: z.strictObject({
    text: z.string(),
    url: z.string().optional(),
    commit: z.string().optional(),
    licence: z.string(),
    date: z.string(),
  }),
});

export const deviceSchema = z.strictObject({
  $schema: z.string().optional(),
  id: z.string().regex(/^[a-z0-9.-]+$/),
  name: z.string(),
  hardware: z.string().describe('Chip, cores, clock.'),
  cores: z.int().min(1).optional(),
  memoryBytes: z.int().optional(),
  price: z
    .strictObject({
      perMonth: z.number(),
      currency: z.string(),
      instance: z.string(),
      source: z.string(),
      date: z.string(),
    })
    .optional()
    .describe('For machines that are rented.'),
  profiles: z.array(profileSchema).min(1).describe('The first is meant where nobody says which.'),
});

/** For editors: what a device file may hold. */
export function deviceJsonSchema(): object {
  return z.toJSONSchema(deviceSchema, { target: 'draft-7' });
}

export type Profile = z.infer<typeof profileSchema>;
export type Device = z.infer<typeof deviceSchema>;
export type RooflineCost = z.infer<typeof rooflineSchema>;
export type LinearCost = z.infer<typeof linearSchema>;
export type BoundCost = z.infer<typeof boundSchema>;

/** A profile with the device it is of: what estimates are made for. */
export interface Target {
  readonly device: Device;
  readonly profile: Profile;
}

/** `ncnn-cpu-t4-fp32`. */
export function variantOf({ runtime }: Profile): string {
  const { name, provider, threads, precision } = runtime;
  return `${name}-${provider}-t${threads}-${precision}`;
}

/** `raspberry-pi-4/ncnn-cpu-t4-fp32`. */
export function targetId({ device, profile }: Target): string {
  return `${device.id}/${variantOf(profile)}`;
}
