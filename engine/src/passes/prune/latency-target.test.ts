/** Pruning to the latency of a device: targets are met by the estimate of the model that was cut. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeChannels } from '../../channels/analyze';
import { findTarget } from '../../device/find-target';
import type { Target } from '../../device/profile';
import { knownDevices } from '../../device/profiles';
import type { Model } from '../../ir/model';
import { parseModel } from '../../onnx/text/parse';
import { readModelFile } from '../../onnx/read';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { estimateOf } from '../latency-goal';
import type { PassContext, PassResult } from '../pass';
import type { PruneOptions } from './options';
import { prune } from './prune';

const folder = '../shared/models';
const read = (name: string): Model => readModelFile(`${folder}/${name}.onnx`).model;

const pi = findTarget('raspberry-pi-4', knownDevices);

/** The same figures for a runtime that computes 16 channels at once. */
const blocks: Target = {
  device: pi.device,
  profile: { ...pi.profile, lowering: { ...pi.profile.lowering, block: 16 } },
};

function run(
  model: Model,
  options: Partial<PruneOptions>,
  context: Partial<PassContext> = { device: pi },
): Promise<PassResult> {
  const quiet = { signal: new AbortController().signal, seed: 1, progress: () => undefined };
  return prune.run(model, prune.options.parse(options), { ...quiet, ...context });
}

function tiny(): Model {
  return parseModel(`<ir_version: 8, opset_import: ["" : 13]>
    g (float[1,4] x) => (float[1,2] y) <float[4,8] a, float[8,2] b> { h = MatMul(x, a) y = MatMul(h, b) }`)
    .model;
}

const channelsOf = (model: Model): number[] =>
  analyzeChannels(model).groups.map(({ channels }) => channels);
const digest = (model: Model): string =>
  createHash('sha256').update(encodeModel(model)).digest('hex');

describe('a latency as the amount', () => {
  it('needs a device, and one that latencies can be estimated for', async () => {
    const model = tiny();
    await expect(run(model, { latency: 0.5 }, {})).rejects.toThrow(/--device/);
    const cost = { form: 'bound', macsPerSecond: 1e12, bytesPerSecond: 1e11 } as const;
    const device = { device: pi.device, profile: { ...pi.profile, cost } };
    await expect(run(model, { latency: 0.5 }, { device })).rejects.toThrow(/bound/);
  });
});

describe.skipIf(!existsSync(folder))('pruning to a latency (needs ../shared)', () => {
  const model = existsSync(folder) ? read('resnet20-cifar10-bn') : ({} as Model);
  const whole = (target: Target) => estimateOf(model, target).ms;

  it('meets shares and times by the estimate of the cut model, in whatever way units are chosen', async () => {
    const ways: Partial<PruneOptions>[] = [
      { latency: 0.7 },
      { latency: 0.5, scope: 'local' },
      { latency: `${0.6 * whole(pi)} ms`, criterion: 'l2' },
      { latency: 0.6, scope: 'isomorphic', rounds: 2 },
    ];
    for (const way of ways) {
      const { model: cut, issues } = await run(model, way);
      const left = typeof way.latency === 'number' ? way.latency : 0.6;
      const reached = estimateOf(cut, pi).ms / whole(pi);
      expect(reached, JSON.stringify(way)).toBeLessThanOrEqual(left * (1 + 1e-9));
      expect(reached, JSON.stringify(way)).toBeGreaterThan(left - 0.06);
      expect(issues.map(({ code }) => code)).toContainEqual(expect.stringMatching(/^latency-/));
    }
  });

  it('leaves no more channels for a tighter target, and counts are multiples of the block', async () => {
    const whole = channelsOf(model);
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.35, max: 0.95, noNaN: true }),
        fc.double({ min: 0.35, max: 0.95, noNaN: true }),
        fc.constantFrom(pi, blocks),
        async (a, b, device) => {
          const [tight, loose] = [Math.min(a, b), Math.max(a, b)];
          const cuts = await Promise.all(
            [tight, loose].map((latency) => run(model, { latency, criterion: 'l1' }, { device })),
          );
          const counts = cuts.map((cut) => channelsOf(cut.model));
          const { block } = device.profile.lowering;
          for (const each of counts) {
            const odd = each.filter((count, i) => count % block !== 0 && count !== whole[i]);
            expect(odd).toEqual([]);
          }
          const [few, many] = counts.map((each) => each.reduce((sum, count) => sum + count, 0));
          expect(few).toBeLessThanOrEqual(many);
        },
      ),
      { numRuns: 5, seed: 3 },
    );
  });

  it('gives the same bytes again', async () => {
    const cuts = [await run(model, { latency: 0.6 }), await run(model, { latency: 0.6 })];
    expect(digest(cuts[0].model)).toBe(digest(cuts[1].model));
  });

  it('cuts nothing where the model keeps to the time already', async () => {
    const { changed, issues } = await run(model, { latency: '10 s' });
    expect(changed).toBe(false);
    expect(issues.map(({ code, severity }) => [code, severity])).toEqual([
      ['latency-met', 'information'],
    ]);
  });

  it('says that it was missed where the floors allow no less', async () => {
    const { issues } = await run(model, { latency: '1 us' });
    const missed = issues.find(({ code }) => code === 'target-missed');
    expect(missed?.severity).toBe('warning');
    expect(missed?.message).toMatch(/estimated latency .*ms/);
  });

  it('keeps any count where round says so', async () => {
    const options = { macs: 0.7, criterion: 'random' };
    const rounded = await run(model, options);
    expect(rounded.issues.map(({ code }) => code)).toContain('rounded');
    const any = await run(model, { ...options, round: 1 });
    expect(any.issues.map(({ code }) => code)).not.toContain('rounded');
    expect(channelsOf(any.model).some((count) => count % 4 !== 0)).toBe(true);
  });

  it('is exact: masked = cut', async () => {
    const runtime = await startRuntime();
    try {
      const { maskedError } = await run(model, { latency: 0.5 }, { device: pi, runtime });
      expect(maskedError!.relative).toBeLessThan(1e-4);
    } finally {
      await runtime.close();
    }
  });
});
