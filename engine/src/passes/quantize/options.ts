/** The options of quantization: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { parseMilliseconds } from '../../ir/units';
import { finetuneOptions } from '../finetune/options';
import { tuningProblem } from '../recovery/tuning';
import { calibrators } from './calibrators/index';
import { roundingMethods } from './correct/rounding/index';
import { profiles } from './profiles/index';
import { quantizedTypes } from './quantized-type';
import { untrainable } from './untrainable';
import { weightRanges } from './weight-ranges/index';

const types = quantizedTypes.map(({ name }) => name);
const weightTypes = [...types.filter((name) => !name.endsWith('16')), 'float'];
const activationTypes = [
  'auto',
  ...types.filter((name) => /int(8|16)$/.test(name)),
  'dynamic',
  'float',
];

const layerOptions = z.strictObject({
  weights: z.enum(weightTypes).optional().describe('The type of these weights.'),
  activations: z
    .enum(activationTypes.slice(1, -2))
    .optional()
    .describe('The type of what these layers read; the widest where several read the same.'),
  skip: z.boolean().optional().describe('Leaves these layers in floating point.'),
});

export const quantizeOptions = z
  .strictObject({
    weights: z.enum(weightTypes).default('int8').describe('The type of the weights.'),
    activations: z
      .enum(activationTypes)
      .default('auto')
      .describe(
        'The type of the activations; `auto` is the usual one of the profile. `float` quantizes weights alone; `dynamic` finds the range of what MatMul and Gemm read each time the model runs. Neither needs data.',
      ),
    per_channel: z
      .boolean()
      .default(true)
      .describe('A scale for each output channel of a weight instead of one for all.'),
    weight_block: z
      .union([z.literal(16), z.literal(32), z.literal(64), z.literal(128), z.literal(256)])
      .optional()
      .describe(
        'A scale for so many inputs of each output of MatMul and Gemm, with `weights` of 4 bits and `activations: float`; written as MatMulNBits of ONNX Runtime.',
      ),
    accuracy_level: z
      .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
      .optional()
      .describe(
        'With weight_block: how exactly ONNX Runtime computes the products at least, as MatMulNBits numbers it: 1 in float32, 2 in float16, 3 in bfloat16, 4 on int8, to which it then rounds what is read; 0, as without, leaves it to the runtime.',
      ),
    weight_range: z
      .enum(['auto', ...weightRanges.map(({ id }) => id)])
      .default('auto')
      .describe(
        'How the ranges of weights are chosen; `auto` is `mse` up to four bits and `minmax` above.',
      ),
    calibrator: z
      .enum(calibrators.map(({ id }) => id))
      .default('mse')
      .describe('How the ranges of activations are chosen.'),
    rounding: z
      .enum(['auto', 'nearest', ...roundingMethods.map(({ id }) => id)])
      .default('auto')
      .describe(
        'How the codes of weights are chosen; `auto` is `gptq` below eight bits and `nearest` otherwise.',
      ),
    correct_bias: z
      .enum(['auto', 'none', 'empirical', 'analytic'])
      .default('auto')
      .describe(
        'How the shift that rounding leaves in the mean of each channel is taken back: on calibration data (`empirical`) or by what BatchNormalization tells (`analytic`); `auto` is `empirical` for layers that keep the nearest codes.',
      ),
    profile: z
      .enum(profiles.map(({ id }) => id))
      .default(profiles[0].id)
      .describe('The runtime that the model is quantized for.'),
    format: z
      .enum(['auto', 'qdq', 'qoperator'])
      .default('auto')
      .describe(
        'Float operators between quantizers (`qdq`), which runtimes fuse, or integer operators of ONNX Runtime (`qoperator`); `auto` is the usual one of the profile.',
      ),
    reduce_range: z
      .enum(['auto', 'always', 'never'])
      .default('auto')
      .describe(
        'Weights of 8 bits use only 7 of them, for x86 processors without VNNI, whose sums of products saturate; `auto` looks at this machine.',
      ),
    layers: z
      .record(z.string(), layerOptions)
      .default({})
      .describe('Exceptions for layers, by glob on their names; later ones win.'),
    only_where_faster: z
      .boolean()
      .default(false)
      .describe(
        'Leaves in floating point what is not faster on integers here; times differ from run to run, so the result may, too.',
      ),
    widths: z
      .array(z.union([z.literal(2), z.literal(3), z.literal(4), z.literal(8), z.literal(32)]))
      .min(1)
      .optional()
      .describe(
        'Mixed precision: the bits that the weights of each layer choose from, for bytes, latency or max_drop; 32 leaves a layer in floating point.',
      ),
    bytes: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('With widths: share of the bytes of weights that is left, the noise being least.'),
    latency: z
      .string()
      .refine(
        (text) => parseMilliseconds(text) !== undefined,
        'Give a time with its unit, such as 12 ms.',
      )
      .optional()
      .describe(
        'Time that the whole model may take, such as 12 ms, the noise being least: on the device of the run, by its estimate, or else on this machine on one thread, measured, so that the result may differ from run to run. Layers choose from widths, or from 8 bits and floating point.',
      ),
    max_drop: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe(
        'Largest drop of top-1 on the calibration data (0.01 is one point), for which layers stay in floating point or, with widths, get more bits; without labels, noise as a share of the power of the output.',
      ),
    recover: z
      .enum(['none', 'finetune'])
      .default('none')
      .describe(
        'What is done about the loss that calibrators, rounding and correct_bias leave: `finetune` trains the quantized model as `qat` does, by LSQ, at the types that were chosen.',
      ),
    finetune: finetuneOptions
      .omit({ layers: true })
      .optional()
      .describe('How `recover: finetune` trains, with the options of `finetune`.'),
    samples: z.int().min(1).default(512).describe('Calibration samples that are looked at.'),
    seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
  })
  .refine(({ widths, bytes, latency, max_drop }) => {
    const targets = [bytes, latency, max_drop].filter((each) => each !== undefined).length;
    return widths ? targets === 1 : bytes === undefined && targets <= 1;
  }, 'Mixed precision takes widths with one of bytes, latency and max_drop; latency alone chooses from 8 bits and floating point, max_drop alone leaves layers in floating point.')
  .refine(
    ({ weight_block, accuracy_level }) =>
      weight_block !== undefined || accuracy_level === undefined,
    'accuracy_level is for products of blocks: give weight_block, too.',
  )
  .superRefine((options, { addIssue }) => {
    const message = tuningProblem(options) ?? untrainable(options);
    if (message) addIssue({ code: 'custom', message });
  });

export type QuantizeOptions = z.infer<typeof quantizeOptions>;

/** What the layers choose from; undefined where all have the same width. */
export function widthsOf({ widths, latency }: QuantizeOptions): readonly number[] | undefined {
  return widths ?? (latency === undefined ? undefined : [8, 32]);
}
