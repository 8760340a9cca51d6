import { expect, test } from 'vitest';
import { estimate } from '../../device/estimate';
import { findTarget } from '../../device/find-target';
import type { Target } from '../../device/profile';
import { knownDevices } from '../../device/profiles';
import { workloadOf } from '../../device/workload';
import { parseModel } from '../../onnx/text/parse';
import { estimatedFor } from './layer-costs';

const pi = findTarget('raspberry-pi-4', knownDevices);
const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>
  g (float[1,4] x) => (float[1,2] y) <float[4,8] a, float[8,2] b> {
    h = MatMul(x, a)  r = Relu(h)  y = MatMul(r, b) }`);

function withIntegers({ device, profile }: Target): Target {
  if (profile.cost.form !== 'roofline') throw new Error('the profile has another form');
  const classes = { ...profile.cost.classes, int8: 1 };
  return { device, profile: { ...profile, cost: { ...profile.cost, classes } } };
}

test('a device that was never timed on integers says nothing of quantized models', () => {
  expect(() => estimatedFor(pi)).toThrow(/no kernels on integers/);
});

test('the times of nodes are those of the estimate', async () => {
  const target = withIntegers(pi);
  const [costs] = await estimatedFor(target).of([model], new AbortController().signal);
  const { ms } = estimate(workloadOf(model), target);
  expect(costs.totalMs).toBeCloseTo(ms, 12);
  const sum = [...costs.nodes.values()].reduce(
    (all, each) => all + ('ms' in each ? each.ms : 0),
    0,
  );
  expect(sum).toBeCloseTo(ms, 12);
});
