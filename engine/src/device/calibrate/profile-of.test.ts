import { describe, expect, it } from 'vitest';
import { features } from '../cost/features';
import { ortCpu } from '../lowering/ort-cpu/index';
import { workloadOf } from '../workload';
import { drawProbe, drawWholeProbe } from './probes/index';
import { profileOf, type MeasuredProbe } from './profile-of';

const machine = {
  processor: 'a made-up one',
  architecture: 'x64',
  cores: 1,
  memoryBytes: 2 ** 30,
  instructions: ['avx512f'],
  runtime: { name: 'onnxruntime', version: '1.30.0' } as const,
  governor: null,
  load: null,
  celsius: null,
};

/** A machine whose kernels take exactly 1 µs, 0.3 ns for each cycle of work and 0.1 ns for each byte. */
function measuredProbe(model: MeasuredProbe['model'], speed = 1): MeasuredProbe {
  const kernels = workloadOf(model).kernels({ rules: ortCpu.id, block: 16 });
  const timed = kernels.map((kernel, i) => {
    const node = kernel.nodes[0];
    const at = workloadOf(model).graph.node.findIndex((each) => each.output[0] === node?.output[0]);
    const us = 1 + 3e-4 * features.cycles(kernel) + 1e-4 * features.outputs(kernel);
    return {
      name: node ? `@${at}@` : `inserted ${i}`,
      op: kernel.op,
      elements: kernel.size.outputs,
      us: us * speed,
    };
  });
  const ms = timed.reduce((sum, { us }) => sum + us / 1000, 0);
  return { model, measured: { ms, referenceMs: 2 * speed, kernels: timed } };
}

const models = [
  ...Array.from({ length: 42 }, (_, i) => drawProbe(0, i).model),
  ...Array.from({ length: 6 }, (_, i) => drawWholeProbe(0, i).model),
];

describe('a profile of measured probes', () => {
  it('finds the costs of classes that many kernels were seen of', () => {
    const { cost, error } = profileOf(
      models.map((model) => measuredProbe(model)),
      1,
      machine,
    );
    const classes = cost.form === 'linear' ? Object.values(cost.classes) : [];
    const seen = classes.filter(({ samples }) => samples >= 40);
    expect(seen.length).toBeGreaterThan(5);
    for (const { medianError } of seen) expect(medianError).toBeLessThan(0.02);
    expect(error!.rank).toBeGreaterThan(0.99);
  });

  it('is the same on a machine that changes its speed, since the reference shows it', () => {
    const steady = profileOf(
      models.map((model) => measuredProbe(model)),
      1,
      machine,
    );
    const unsteady = profileOf(
      models.map((model, i) => measuredProbe(model, i % 3 === 0 ? 1.2 : 1)),
      1,
      machine,
    );
    expect(unsteady.error!.median).toBeCloseTo(steady.error!.median, 3);
    expect(unsteady.referenceMs).toBe(steady.referenceMs);
  });
});

it('draws the same probe every time, and another one for another seed', () => {
  const weights = (seed: number) => {
    return drawWholeProbe(seed, 3).model.graph!.initializer.map(({ dims }) => dims.join());
  };
  expect(weights(0)).toEqual(weights(0));
  expect(weights(1)).not.toEqual(weights(0));
});
