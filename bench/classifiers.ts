/**
 * The labelled classifiers of the shared models, each with data to calibrate with and other data to
 * measure on.
 *
 * CIFAR-10 and MNIST calibrate with training images and measure on test images. Of ImageNet there is
 * only one sample of 1,000 images, and of text lines one of 400: every other one calibrates, the
 * rest measure, so those figures are coarse (500 images: one standard error is up to 2 points).
 */

import type { Dataset } from '#engine/data/dataset';
import { datasetInMemory } from '#engine/data/memory-data';
import { openDataset } from '#engine/data/open';
import type { Preprocessing } from '#engine/data/preprocessing';
import type { Model } from '#engine/ir/model';
import { evaluateAccuracy } from '#engine/runtime/evaluate';
import { openModel } from '#engine/runtime/open-model';
import type { Runtime, SessionOptions } from '#engine/runtime/runtime';
import { openHalves } from './halves';

export interface Samples {
  readonly calibration: Dataset;
  readonly test: Dataset;
}

export interface Classifier {
  readonly name: string;
  readonly labelOffset?: number;
  /** @param folder of the shared data. */
  samples(folder: string): Promise<Samples>;
}

/** What networks from PyTorch read. */
export const torchNormalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const torch: Preprocessing = { scale: '1/255', ...torchNormalization };
const tensorflow: Preprocessing = { scale: '1/127.5', mean: 1, std: 1, crop: 224 };
const caffe: Preprocessing = {
  channels: 'bgr',
  mean: [104, 117, 123],
  std: 1,
  scale: 1,
  crop: 227,
};

export const classifiers: readonly Classifier[] = [
  { name: 'resnet20-cifar10-bn', samples: cifar(torch) },
  { name: 'resnet20-cifar10-folded', samples: cifar(torch) },
  { name: 'resnet32-cifar10-bn-rawexport', samples: cifar(torch) },
  { name: 'resnet56-cifar10-bn', samples: cifar(torch) },
  { name: 'resnet56-cifar10-folded', samples: cifar(torch) },
  {
    name: 'resnet20-cifar10jpeg-bn',
    samples: files('cifar10-train12k-jpeg.zip', 'cifar10-test10k-jpeg.npz', torch),
  },
  { name: 'resnet8-cifar10', samples: cifar({}) },
  { name: 'resnet8-cifar10-qdq-int8', samples: cifar({}) },
  { name: 'mnist-cntk', samples: files('mnist-train6000.npz', 'mnist-test3000.npz', {}) },
  { name: 'ppocr-cls', samples: textLines },
  { name: 'mobilenet_v1_0.25_224-bn', samples: imagenet(tensorflow) },
  { name: 'squeezenet_v1.0-deepcompressed', samples: imagenet(caffe) },
  { name: 'mobilenet_v2_1.0_224-fp32', labelOffset: 1, samples: imagenet(tensorflow) },
  { name: 'mobilenet_v2_1.0_224-qdq-int8', labelOffset: 1, samples: imagenet(tensorflow) },
];

/** Top-1 accuracy on a data set, 0 … 1. */
export async function accuracyOf(
  runtime: Runtime,
  model: Model,
  test: Dataset,
  labelOffset?: number,
  options: SessionOptions = {},
): Promise<number> {
  const session = await openModel(runtime, model, options);
  try {
    return (await evaluateAccuracy(session, test, { labelOffset })).top1;
  } finally {
    await session.close();
  }
}

function files(calibration: string, test: string, preprocessing: Preprocessing) {
  return async (folder: string): Promise<Samples> => ({
    calibration: await openDataset(`${folder}/${calibration}`, preprocessing),
    test: await openDataset(`${folder}/${test}`, preprocessing),
  });
}

function cifar(preprocessing: Preprocessing) {
  return files('cifar10-train8k-lossless.npz', 'cifar10-test1017-lossless.npz', preprocessing);
}

function imagenet(preprocessing: Preprocessing) {
  return async (folder: string): Promise<Samples> => {
    const [calibration, test] = await openHalves(
      `${folder}/imagenet-sample1000-labels.csv`,
      `${folder}/imagenet-sample1000-256px.zip`,
      preprocessing,
    );
    return { calibration, test };
  };
}

/** Lines of text and their copies turned by 180°, grey as three channels, squeezed to the model's width. */
async function textLines(folder: string): Promise<Samples> {
  const preprocessing = { resize: '192x48', scale: '1/255', mean: 0.5, std: 0.5 };
  const lines = await openDataset(`${folder}/ocr-lines400.npz`, preprocessing);
  const [, height, width] = lines.sampleDims;
  const plane = height * width;
  const halves: [Float32Array[], Float32Array[]] = [[], []];
  let line = 0;
  for await (const { data, dims } of lines.batches(100)) {
    for (let i = 0; i < dims[0]; i++, line++) {
      const pixels = Float32Array.from(data.subarray(i * plane, (i + 1) * plane), Number);
      halves[line % 2].push(pixels, pixels.toReversed());
    }
  }
  const [calibration, test] = halves.map((images, half) => {
    const values = new Float32Array(images.length * 3 * plane);
    images.forEach((image, i) => {
      for (let channel = 0; channel < 3; channel++) values.set(image, (3 * i + channel) * plane);
    });
    return datasetInMemory({
      name: `half ${half} of the text lines`,
      data: values,
      sampleDims: [3, height, width],
      labels: Int32Array.from(images, (_, i) => i % 2),
    });
  });
  return { calibration, test };
}
