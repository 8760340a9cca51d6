import { afterAll, expect, test } from 'vitest';
import { encodeModel } from '../onnx/write';
import { crossEntropy } from './losses/cross-entropy';
import { optimizers } from './optimizers';
import { firstState, type State } from './state';
import { stepGraph } from './step-graph';
import { openStepper } from './stepper';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { sample, smallMobilenet } from './testing/networks';

afterAll(closeTestRuntime);

test('a state that stays in the runtime becomes the same as one that comes over', async () => {
  const batch = 4;
  const { model, input, classes } = smallMobilenet(batch);
  const graph = stepGraph(model, {
    batch,
    trained: () => true,
    statistics: 'batch',
    losses: [{ loss: crossEntropy, weight: 1 }],
    optimizer: optimizers[0],
    optimizerOptions: { momentum: 0.9, nesterov: false, decay: 1e-4 },
  });
  const runtime = await testRuntime();
  const session = await runtime.open(encodeModel(graph.model), { optimize: 'basic' });
  const scalar = (value: number) => {
    return { type: 'float' as const, dims: [], data: Float32Array.of(value) };
  };
  const fixed = { '@rate': scalar(0.05), '@step': scalar(1) };
  const feeds = { ...sample('', batch, input, classes), ...fixed };
  const results: { losses: number[]; state: State }[] = [];
  for (const stays of [false, true]) {
    const stepper = await openStepper(runtime, session, firstState(graph, 1), stays);
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { loss, state } = await stepper.step(feeds);
      losses.push(loss);
      expect(state === undefined).toBe(stays);
    }
    results.push({ losses, state: await stepper.read() });
    await stepper.close();
    if (stays) await expect(stepper.step(feeds)).rejects.toThrow(/released/);
  }
  const [over, stayed] = results;
  expect(stayed.losses).toEqual(over.losses);
  expect(new Set(over.losses).size).toBe(3);
  expect(Object.keys(stayed.state)).toEqual(Object.keys(over.state));
  for (const [name, { data }] of Object.entries(over.state)) {
    expect(Buffer.from(stayed.state[name].data.buffer).equals(Buffer.from(data.buffer))).toBe(true);
  }
  await session.close();
});
