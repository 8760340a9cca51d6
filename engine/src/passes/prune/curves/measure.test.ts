import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyzeChannels } from '../../../channels/analyze';
import { cutChannels } from '../../../channels/cut';
import { datasetInMemory } from '../../../data/memory-data';
import { openDataset } from '../../../data/open';
import type { Dataset } from '../../../data/dataset';
import type { Model } from '../../../ir/model';
import { seededRandom } from '../../../linalg/random';
import { readModelFile } from '../../../onnx/read';
import { startRuntime } from '../../../runtime/client';
import { feederFor } from '../../../runtime/feeds';
import { openModel } from '../../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../../runtime/runtime';
import type { Cache } from '../../cache';
import { curvesOf, type CachedContext } from './cached';
import { lossOf } from './loss';
import { measureCurves, pointsOf, type CurveGroup } from './measure';

const example = resolve(__dirname, '../../../../../examples/fashion');
const shared = '../shared/models';
const quiet = { signal: new AbortController().signal, progress: () => undefined };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** All groups that can be cut, their units in an order without meaning. */
function groupsOf(model: Model, most = Infinity) {
  const analysis = analyzeChannels(model);
  const free = analysis.groups.filter(({ pinned }) => !pinned);
  const random = seededRandom(3);
  const groups = free.slice(0, most).map((group): CurveGroup => {
    const order = random.shuffle([...Array(group.units).keys()]);
    const fewest = Math.ceil(group.units / 3);
    const counts = Array.from({ length: group.units - fewest + 1 }, (_, i) => group.units - i);
    return { group, order, counts };
  });
  return { analysis, groups };
}

/** Noise of the size that the model takes. */
function noise(sampleDims: readonly number[], samples: number): Dataset {
  const random = seededRandom(1);
  const size = sampleDims.reduce((product, dim) => product * dim, samples);
  const data = Float32Array.from({ length: size }, () => random.normal());
  return datasetInMemory({ name: 'noise', data, sampleDims });
}

async function outputsOf(model: Model, data: Dataset): Promise<NamedTensor[]> {
  const session = await openModel(runtime, model);
  try {
    const feeder = feederFor(session, data);
    const outputs: NamedTensor[] = [];
    for await (const batch of data.batches(feeder.batchSize)) {
      outputs.push((await session.run(feeder.feeds(batch)))[session.outputs[0]]);
    }
    return outputs;
  } finally {
    await session.close();
  }
}

describe('a measured curve', () => {
  const models: [string, string, readonly number[]][] = [
    ['FashionNet', join(example, 'models/fashion.onnx'), [1, 28, 28]],
    ['ResNet-20 (needs ../shared)', `${shared}/resnet20-cifar10-bn.onnx`, [3, 32, 32]],
    ['a MobileNet (needs ../shared)', `${shared}/mobilenet_v1_0.25_224-bn.onnx`, [3, 224, 224]],
    ['SqueezeNet (needs ../shared)', `${shared}/squeezenet_v1.0-deepcompressed.onnx`, [3, 227, 227]], // prettier-ignore
  ];
  it.each(models.filter(([, path]) => existsSync(path)))(
    'of %s without compensation is the loss of the model that is cut',
    async (_, path, dims) => {
      const { model } = readModelFile(path);
      const { analysis, groups } = groupsOf(model, 4);
      const calibration = noise(dims, 2);
      const settings = { loss: 'divergence', compensate: false } as const;
      const references = (await outputsOf(model, calibration)).map((output) => ({
        output,
        samples: output.dims[0],
        labels: undefined,
      }));
      let at = 0;
      const context = { ...quiet, runtime, calibration };
      for await (const { curve } of measureCurves(analysis, groups, settings, context)) {
        const { group, order, counts } = groups[at++];
        // A point that noise has not lifted: the first one is its own maximum.
        const kept = pointsOf(counts)[0];
        const cuts = new Map([[group.id, order.slice(0, counts[0] - kept)]]);
        const outputs = await outputsOf(cutChannels(analysis, cuts), calibration);
        const expected = lossOf(references, outputs, 'divergence');
        expect(Math.abs(curve[1][1] - expected)).toBeLessThan(1e-4 * Math.max(1, expected));
      }
      expect(at).toBe(groups.length);
    },
  );

  it('is lower where the channels that stay make up for those that go', async () => {
    const { analysis, groups } = groupsOf(
      readModelFile(join(example, 'models/fashion.onnx')).model,
    );
    const calibration = (await fashion()).sample(48, 1);
    const measure = async (compensate: boolean): Promise<number> => {
      const settings = { loss: 'divergence', compensate } as const;
      let sum = 0;
      const context = { ...quiet, runtime, calibration };
      for await (const { curve } of measureCurves(analysis, groups, settings, context)) {
        sum += curve.at(-1)![1];
      }
      return sum;
    };
    expect(await measure(true)).toBeLessThan(0.5 * (await measure(false)));
  });

  it('that was measured before a run was stopped is not measured again', async () => {
    const { analysis, groups } = groupsOf(
      readModelFile(join(example, 'models/fashion.onnx')).model,
    );
    const settings = { loss: 'divergence', compensate: true } as const;
    const stored = new Map<string, string>();
    let written = 0;
    const stop = new AbortController();
    const cache = (stopAfter: number): Cache => ({
      read: (name) => stored.get(name),
      write: (name, text) => {
        stored.set(name, text);
        if (++written === stopAfter) stop.abort();
      },
    });
    const context: CachedContext = {
      ...quiet,
      runtime,
      calibration: await fashion(),
      images: 16,
      seed: 1,
    };
    const whole = await curvesOf(analysis, groups, settings, context);
    const stopped = curvesOf(analysis, groups, settings, {
      ...context,
      signal: stop.signal,
      cache: cache(2),
    });
    await expect(stopped).rejects.toThrow();
    const resumed = await curvesOf(analysis, groups, settings, { ...context, cache: cache(0) });
    expect(resumed).toEqual(whole);
    expect(written).toBe(groups.length);
    await curvesOf(analysis, groups, settings, { ...context, cache: cache(0) });
    expect(written).toBe(groups.length);
    // Other samples are other curves.
    await curvesOf(analysis, groups.slice(0, 1), settings, {
      ...context,
      seed: 2,
      cache: cache(0),
    });
    expect(written).toBe(groups.length + 1);
  });

  it('of accuracy needs labels', async () => {
    const { analysis, groups } = groupsOf(
      readModelFile(join(example, 'models/fashion.onnx')).model,
    );
    const settings = { loss: 'accuracy', compensate: false } as const;
    const begin = (calibration: Dataset) =>
      measureCurves(analysis, groups.slice(0, 1), settings, {
        ...quiet,
        runtime,
        calibration,
      }).next();
    await expect(begin(noise([1, 28, 28], 2))).rejects.toThrow('labels');
    const { value } = await begin((await fashion()).sample(64, 1));
    for (const [, loss] of value!.curve) expect(loss).toBeLessThanOrEqual(1);
  });
});

function fashion(): Promise<Dataset> {
  return openDataset(join(example, 'data/fashion-calibration.npz'), {
    mean: [0.286],
    std: [0.353],
  });
}
