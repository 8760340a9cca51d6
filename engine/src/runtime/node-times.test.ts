import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../linalg/random';
import { readModelFile } from '../onnx/read';
import { sharedModel, sharedModels } from '../onnx/testing/shared-models';
import { parseModel } from '../onnx/text/parse';
import { startRuntime } from './client';
import { exampleFeeds } from './feeds';
import { kernelTimes } from './kernel-nodes';
import { kernelsOf } from './kernels';
import { measureNodes } from './node-times';
import { openModel } from './open-model';
import type { Runtime } from './runtime';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { model: small } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
g (float[1,8,6,6] x, float[8,8,1,1] w) => (float[1,8,6,6] y) {
  c = Conv(x, w) r = Relu(c) y = Softmax<axis = 1>(r)
}`);

describe('the kernels of a recorded session', () => {
  it('are those inside of nothing else', () => {
    const event = (name: string, ts: number, dur: number, cat = 'Node'): object => ({
      ...{ cat, name: `${name}_kernel_time`, ts, dur, args: { op_name: name } },
    });
    const events = [
      event('session', 0, 1000, 'Session'),
      event('inner', 12, 5),
      event('if', 10, 10),
      event('add', 20, 0),
      event('add', 30, 4),
    ];
    expect(kernelsOf(JSON.stringify(events))).toEqual([
      { name: 'if', op: 'if', times: Float64Array.of(0.01) },
      { name: 'add', op: 'add', times: Float64Array.of(0, 0.004) },
    ]);
  });

  it('are given once, and only by a session that records them', async () => {
    const plain = await openModel(runtime, small);
    await expect(plain.kernels()).rejects.toThrow(/does not record/);
    await plain.close();
    const recorded = await openModel(runtime, small, { profile: true });
    await recorded.time(exampleFeeds(recorded, seededRandom(0)), { warmUp: 0, runs: 3 });
    const kernels = await recorded.kernels();
    expect(kernels.map(({ op, times }) => [op, times.length])).toContainEqual(['Softmax', 3]);
    await expect(recorded.kernels()).rejects.toThrow(/does not record/);
    await recorded.close();
  });

  it('give their time to the node that they are named for', () => {
    const times = Float64Array.of(2);
    const { nodes, conversionsMs } = kernelTimes(small.graph!, [
      { name: 'ReorderInput_token_1', op: 'ReorderInput', times },
      { name: 'r_nchwc', op: 'Conv', times },
      { name: 'ReorderOutput_token_2', op: 'ReorderOutput', times },
      { name: '@2@_token_7', op: 'Softmax', times },
    ]);
    expect(conversionsMs).toBe(4);
    expect(Object.fromEntries(nodes)).toEqual({
      c: { ms: 2, kernel: 'Conv' },
      r: { fusedInto: 'c' },
      y: { ms: 2, kernel: 'Softmax' },
    });
  });
});

describe.skipIf(sharedModels.length === 0)('the nodes of real models (../shared)', () => {
  const names = ['resnet8-cifar10', 'resnet20-cifar10-bn', 'resnet8-cifar10-qdq-int8'];
  it.each(names)('have a time or are computed with one that has: %s', async (name) => {
    const { model } = readModelFile(sharedModel(`${name}.onnx`));
    const [{ nodes, totalMs, conversionsMs }] = await measureNodes(runtime, [model], {
      budgetMs: 200,
    });
    const graph = model.graph!;
    expect([...nodes.keys()]).toEqual(graph.node.map(({ output }) => output[0]));
    let sum = 0;
    for (const { opType, output } of graph.node) {
      const time = nodes.get(output[0])!;
      if ('ms' in time) sum += time.ms;
      else if (time.fusedInto !== null) expect(nodes.get(time.fusedInto)).toHaveProperty('ms');
      if (opType === 'Conv' || opType === 'Gemm') expect(time).toHaveProperty('kernel');
      if (opType === 'BatchNormalization') expect(time).toHaveProperty('fusedInto');
    }
    expect(totalMs).toBeGreaterThan(0);
    expect(sum).toBeGreaterThan(0);
    if (name.includes('int8')) expect(conversionsMs).toBeGreaterThan(0);
  });

  it('are the same whatever the nodes are called', async () => {
    const { model } = readModelFile(sharedModel('resnet8-cifar10.onnx'));
    const graph = { ...model.graph!, node: model.graph!.node.map((n) => ({ ...n, name: '' })) };
    const measured = await measureNodes(runtime, [model, { ...model, graph }], { budgetMs: 50 });
    const [kernels, others] = measured.map(({ nodes }) =>
      [...nodes].map(([name, time]) => [name, 'kernel' in time ? time.kernel : time.fusedInto]),
    );
    expect(others).toEqual(kernels);
  });
});
