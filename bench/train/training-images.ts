/** Everything that ResNet-20 for JPEG images may learn from, and what it is measured on. */

import type { Dataset } from '#engine/data/dataset';
import { datasetInMemory } from '#engine/data/memory-data';
import { classifiers, torchNormalization, type Samples } from '../classifiers';
import { jpegCopies } from './jpeg-copies';

export const jpegNetwork = 'resnet20-cifar10jpeg-bn';

/** 12,000 JPEG images and JPEG copies of 8,067 lossless ones, decoded once; 10,000 JPEG test images. */
export async function openTrainingImages(folder: string): Promise<Samples> {
  const of = (name: string) => classifiers.find((each) => each.name === name)!.samples(folder);
  const { calibration: images, test } = await of(jpegNetwork);
  const { calibration: lossless } = await of('resnet20-cifar10-bn');
  const copies = await jpegCopies(lossless, torchNormalization);
  return { calibration: await joined([images, copies]), test };
}

async function joined(sets: readonly Dataset[]): Promise<Dataset> {
  const { sampleDims } = sets[0];
  const size = sampleDims.reduce((product, dim) => product * dim, 1);
  const samples = sets.reduce((sum, each) => sum + each.samples, 0);
  const data = new Float32Array(samples * size);
  const labels = new Int32Array(samples);
  let at = 0;
  for (const set of sets) {
    for await (const batch of set.batches(256)) {
      data.set(batch.data as Float32Array, at * size);
      labels.set(batch.labels!, at);
      at += batch.dims[0];
    }
  }
  const name = sets.map(({ path }) => path).join(' + ');
  return datasetInMemory({ name, data, sampleDims, labels });
}
