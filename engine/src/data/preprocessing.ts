/**
 * The options that turn stored pixels into what a model was trained on, and their one formula:
 *
 *     value = (pixel × scale − mean) / std
 *
 * Without options pixel values go in as stored (0–255 as float, RGB, NCHW). Where `scale` is not
 * given, but mean or std is, and none of them is above 1, they are meant for pixels of 0–1, as is the
 * convention of PyTorch: then `scale` is 1/255 for integer pixels. `scale: 1` overrides that.
 */

import { z } from 'zod';
import { CoppiceError } from '../ir/issue';

const positive = z.number().int().positive().max(65_536);
const size = z.union([
  positive,
  z.tuple([positive, positive]),
  z.string().regex(/^\d{1,5}(x\d{1,5})?$/, 'Expected a size such as 224 or 320x240.'),
]);
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4096)]);

export const preprocessingSchema = z.strictObject({
  mean: perChannel
    .optional()
    .describe(
      'Subtracted after scaling; one number, or one for each channel in the order the model takes.',
    ),
  std: perChannel
    .optional()
    .describe('Divided by after subtracting the mean; one number, or one for each channel.'),
  scale: z
    .union([
      z.number(),
      z.string().regex(/^\d+(\.\d+)?(\/\d+(\.\d+)?)?$/, 'Expected 0.0039 or 1/255.'),
    ])
    .optional()
    .describe(
      'Multiplies the stored pixels, for example 1/255. Default: 1/255 for integer pixels when mean ' +
        'or std is given and none of them is above 1, otherwise 1.',
    ),
  resize: size
    .optional()
    .describe('Shorter side in pixels, or WIDTHxHEIGHT; bilinear with antialiasing, as in Pillow.'),
  crop: size
    .optional()
    .describe('Side, or WIDTHxHEIGHT, of the centre crop, taken after resizing.'),
  layout: z
    .enum(['nchw', 'nhwc'])
    .optional()
    .describe('Order of the dimensions that the model takes. Default: nchw.'),
  channels: z
    .enum(['rgb', 'bgr', 'gray'])
    .optional()
    .describe('Channel order that the model takes; stored images are RGB. Default: rgb.'),
  limit: z
    .number()
    .int()
    .positive()
    .optional()
    .describe(
      'At most so many samples, evenly spaced over the data, so that sorted classes stay balanced.',
    ),
  images: z
    .string()
    .optional()
    .describe(
      'Name of the array with the samples in an .npz; folder or zip of the images of a CSV manifest.',
    ),
  labels: z
    .string()
    .optional()
    .describe(
      'Name of the array with the labels in an .npz; .npy with labels, or CSV manifest, beside the data.',
    ),
});

export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** The numbers of the formula; `mean` and `std` have one entry for each channel. */
export interface Normalization {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The formula for samples of so many channels.
 *
 * @throws CoppiceError `preprocessing` when mean or std has another number of entries, or std a zero.
 */
export function normalization(
  options: Preprocessing,
  stored: 'integers' | 'floats',
  channels: number,
): Normalization {
  const mean = spread('mean', options.mean ?? 0, channels);
  const std = spread('std', options.std ?? 1, channels);
  if (std.includes(0)) throw invalid('std must not be zero.');
  const unitRange =
    (options.mean !== undefined || options.std !== undefined) &&
    [...mean, ...std].every((value) => value <= 1);
  const byDefault = stored === 'integers' && unitRange ? 1 / 255 : 1;
  return { scale: options.scale === undefined ? byDefault : ratio(options.scale), mean, std };
}

/** True when stored values go in unchanged. */
export function isIdentity({ scale, mean, std }: Normalization): boolean {
  return scale === 1 && mean.every((each) => each === 0) && std.every((each) => each === 1);
}

/** `(pixel × 1/255 − [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]`, shorter where parts do nothing. */
export function formulaText(formula: Normalization): string {
  if (isIdentity(formula)) return 'pixel as stored';
  const list = (values: readonly number[]): string =>
    values.every((value) => value === values[0]) ? `${values[0]}` : `[${values.join(', ')}]`;
  const { scale, mean, std } = formula;
  const inverse = 1 / scale;
  const isInverse = inverse > 1 && Math.abs(inverse - Number(inverse.toFixed(6))) < 1e-9 * inverse;
  const factor = isInverse ? `1/${Number(inverse.toFixed(6))}` : `${scale}`;
  const scaled = scale === 1 ? 'pixel' : `pixel × ${factor}`;
  const centred = mean.every((each) => each === 0) ? scaled : `${scaled} − ${list(mean)}`;
  if (std.every((each) => each === 1)) return centred;
  return `${centred === 'pixel' ? centred : `(${centred})`} / ${list(std)}`;
}

/** A size as `[width, height]`, or the one number that was given. */
export function sizeOf(given: NonNullable<Preprocessing['resize']>): number | [number, number] {
  if (typeof given !== 'string') return typeof given === 'number' ? given : [given[0], given[1]];
  const [width, height] = given.split('x').map(Number);
  if (!(width > 0 && !(height <= 0))) throw invalid(`"${given}" is not a size.`);
  return height === undefined ? width : [width, height];
}

function ratio(given: number | string): number {
  const [over, under = 1] = String(given).split('/').map(Number);
  const value = over / under;
  if (Number.isFinite(value)) return value;
  throw invalid(`scale ${given} is not a number.`);
}

function spread(name: string, given: number | readonly number[], channels: number): number[] {
  const values = typeof given === 'number' ? [given] : [...given];
  if (values.length === 1) return new Array<number>(channels).fill(values[0]);
  if (values.length === channels) return values;
  throw invalid(
    `${name} has ${values.length} values, but the samples have ${channels} ` +
      `${channels === 1 ? 'channel' : 'channels'}.`,
  );
}

function invalid(problem: string): CoppiceError {
  return new CoppiceError('preprocessing', `Preprocessing options: ${problem}`);
}
