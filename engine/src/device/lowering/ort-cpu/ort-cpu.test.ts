import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelFile } from '../../../onnx/read';
import { measure } from '../../calibrate/measure';
import { pairKernels } from '../../calibrate/pair';
import { blockOf } from '../../calibrate/profile-of';
import { drawProbe } from '../../calibrate/probes/index';
import type { Host } from '../../host/host';
import { localHost } from '../../host/local';
import { workloadOf } from '../../workload';
import type { Model } from '../../../ir/model';

const models = resolve('../shared/models');
let host: Host;
let block: number;
beforeAll(async () => {
  host = await localHost();
  block = blockOf((await host.describe()).instructions);
});
afterAll(() => host.close());

/** Kernels that only one of the two knows: what lowering foresees, and what the runtime recorded. */
async function differences(model: Model, directory?: string) {
  const { kernels } = await measure(host, model, { threads: 1, budgetMs: 0, directory });
  const workload = workloadOf(model);
  const foreseen = workload.kernels({ rules: 'ort-cpu', block });
  const { unforeseen, absent } = pairKernels(workload.graph, foreseen, kernels);
  return {
    unforeseen: unforeseen.map(({ name, op }) => `${op} ${name}`),
    absent: absent.map(({ op, nodes }) => `${op} ${nodes.map((node) => node.name).join()}`),
  };
}

describe('the kernels that ONNX Runtime runs', () => {
  it.each([...Array(16).keys()])('are foreseen for probe %i', async (i) => {
    expect(await differences(drawProbe(7, i).model)).toEqual({ unforeseen: [], absent: [] });
  });

  it
    .skipIf(!existsSync(models))
    .each([
      'dscnn-kws',
      'fc-autoencoder-toycar',
      'mnist-cntk',
      'mobilenet_v1_0.25_224-bn',
      'mobilenet_v2_1.0_224-fp32',
      'mobilenetv1_0.25-vww96',
      'ppocrv4-det',
      'resnet20-cifar10-bn',
      'resnet20-cifar10-folded',
      'resnet32-cifar10-bn-rawexport',
      'resnet56-cifar10-bn',
      'resnet8-cifar10',
      'resnet8-cifar10-qdq-int8',
      'squeezenet_v1.0-deepcompressed',
      'light/light_densenet121',
      'light/light_resnet50',
      'light/light_shufflenet',
    ])('are foreseen for %s (needs ../shared)', async (name) => {
    const { model } = readModelFile(`${models}/${name}.onnx`);
    expect(await differences(model)).toEqual({ unforeseen: [], absent: [] });
  });
});
