import { afterAll, expect, test } from 'vitest';
import { encodeModel } from '../../onnx/write';
import type { NamedTensor } from '../../runtime/runtime';
import { GraphBuilder } from '../graph-builder';
import { closeTestRuntime, testRuntime } from '../testing/check-gradient';
import { GpuBuilder } from './gpu-builder';

afterAll(closeTestRuntime);

const sizes = [1, 2, 3, 1, 1, 2, 1, 1, 3];
const x: NamedTensor = {
  type: 'float',
  dims: [2, 15],
  data: Float32Array.from({ length: 30 }, (_, i) => i),
};

test('no kernel writes more than it may, and the parts are the same', async () => {
  const runtime = await testRuntime();
  const results = [new GraphBuilder(), new GpuBuilder()].map(async (build) => {
    build.input('x', 'float', x.dims);
    const parts = build.emitAll('Split', ['x', build.integers(sizes)], sizes.length, { axis: 1 });
    parts.forEach((part, i) => build.emitAs(`part ${i}`, part));
    expect(parts.map((part) => build.shape(part)[1])).toEqual(sizes);
    const model = build.model(parts.map((_, i) => `part ${i}`));
    const session = await runtime.open(encodeModel(model));
    const most = Math.max(...model.graph!.node.map(({ output }) => output.length));
    return { most, parts: await session.run({ x }) };
  });
  const [portable, gpu] = await Promise.all(results);
  expect([portable.most, gpu.most]).toEqual([9, 1]);
  expect(gpu.parts).toEqual(portable.parts);
});
