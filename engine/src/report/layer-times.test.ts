import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../inspect/inspect';
import { readModelFile } from '../onnx/read';
import { sharedModel, sharedModels } from '../onnx/testing/shared-models';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { compareLayers } from './figures';
import { measureLayers } from './layer-times';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

describe.skipIf(sharedModels.length === 0)('the times of layers (../shared)', () => {
  it('are a time for each, or the layer that it is fused into', async () => {
    const { model } = readModelFile(sharedModel('resnet20-cifar10-bn.onnx'));
    const [times] = await measureLayers(runtime, [model], { budgetMs: 100 });
    const names = inspect(model, { path: '' }).layers.map(({ name }) => name);
    expect([...times.layers.keys()]).toEqual(names);
    expect(times.layers.get('layer2.1.bn1')).toEqual({ fusedInto: 'layer2.1.conv1' });
    expect(times.layers.get('layer2.1.conv1')).toMatchObject({ kernel: 'Conv' });
    const sum = [...times.layers.values()].reduce((all, { latencyMs = 0 }) => all + latencyMs, 0);
    expect(times.layersMs).toBeCloseTo(sum, 9);
  });

  it('stand in the report with the bits of weights, beside those of the other model', async () => {
    const models = ['resnet8-cifar10.onnx', 'resnet8-cifar10-qdq-int8.onnx'].map(
      (name) => readModelFile(sharedModel(name)).model,
    );
    const times = await measureLayers(runtime, models, { budgetMs: 100 });
    const [before, after] = models.map((model) => inspect(model, { path: '' }));
    const layers = compareLayers(before, after, times);
    const changed = layers.find((layer) => layer.after?.kernel === 'QLinearConv')!;
    expect(changed.before).toMatchObject({ bits: 32, kernel: 'Conv' });
    expect(changed.after).toMatchObject({ bits: 8 });
    for (const { before: was, after: is } of layers) {
      for (const side of [was, is]) expect(side === null || side.latencyMs! > 0).toBe(true);
    }
  });
});
