/** Changes batches of images at random as they are fed, so that a network learns what does not matter. */

import type { Batch, Dataset, ImageLayout } from '../../data/dataset';
import { CoppiceError } from '../../ir/issue';
import { streamOf } from '../streams';
import { augmentations } from '.';
import type { Image, Mixture } from './augmentation';

/** How much of each augmentation, by its id; what is not there is left out. */
export type Amounts = Readonly<Record<string, number>>;

export interface Augmented {
  readonly data: Float32Array;
  readonly mixture?: Mixture;
}

export function chosenOf(amounts: Amounts) {
  return augmentations.flatMap((augmentation) => {
    const amount = amounts[augmentation.id] ?? 0;
    return amount > 0 ? [{ augmentation, amount }] : [];
  });
}

/** @throws CoppiceError where the data cannot be changed as it is wanted. */
export function checkAmounts(amounts: Amounts, data: Dataset): void {
  const others = Object.keys(data.others ?? {});
  for (const { augmentation } of chosenOf(amounts)) {
    const { id, needsRange, mixes } = augmentation;
    if (data.input !== undefined && !data.images) {
      throw new CoppiceError(
        'not-images',
        `${data.path}: none of the inputs ${[data.input, ...others].join(', ')} takes images, so ${id} cannot be applied.`,
      );
    }
    if (data.sampleDims.length !== 3) {
      throw new CoppiceError(
        'not-images',
        `${data.path}: samples of shape [${data.sampleDims.join(', ')}] are not images, so ${id} cannot be applied.`,
      );
    }
    if (mixes && others.length > 0) {
      throw new CoppiceError(
        'not-images',
        `${data.path}: ${id} would mix images of "${data.input}", but cannot mix what ${others.join(', ')} read with them: leave it out.`,
      );
    }
    if (needsRange && !data.images?.range) {
      throw new CoppiceError(
        'unknown-range',
        `${data.path}: ${id} needs to know which values black and white have, and these are stored as floats: give mean and std, or store pixels as bytes.`,
      );
    }
  }
}

/** @param step counted over all epochs. */
export function augment(
  { data, dims }: Batch,
  images: Dataset['images'],
  amounts: Amounts,
  seed: number,
  step: number,
): Augmented {
  const values = data as Float32Array;
  const chosen = chosenOf(amounts);
  if (chosen.length === 0) return { data: values };
  const changed = values.slice();
  const views = imagesOf(changed, dims, images);
  const random = streamOf(seed, step, 'augmentation');
  let mixture: Mixture | undefined;
  for (const { augmentation, amount } of chosen) {
    mixture = augmentation.change(views, amount, random) ?? mixture;
  }
  return { data: changed, mixture };
}

function imagesOf(
  values: Float32Array,
  [count, ...dims]: readonly number[],
  { layout, range }: ImageLayout = { layout: 'nchw' },
): Image[] {
  const planes = layout === 'nchw';
  const [channels, height, width] = planes ? dims : [dims[2], dims[0], dims[1]];
  const step = planes
    ? { x: 1, y: width, channel: height * width }
    : { x: channels, y: width * channels, channel: 1 };
  const size = channels * height * width;
  return Array.from({ length: count }, (_, n) => {
    const own = values.subarray(n * size, (n + 1) * size);
    return { values: own, channels, height, width, step, range };
  });
}
