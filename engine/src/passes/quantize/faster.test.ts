import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { startRuntime } from '../../runtime/client';
import type { NodeTime } from '../../runtime/kernel-nodes';
import type { Runtime } from '../../runtime/runtime';
import { findFaster } from './faster';
import type { ModelCosts } from './layer-costs';
import { quantizeOptions } from './options';
import { quantize } from './quantize';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** Three layers, whose names would be globs. */
const model = weightedModel(`(float[N,4,4,4] x) => (float[N,4,4,4] y)
  <float[4,4,3,3] "a*.weight", float[4,4,3,3] "b(1).weight", float[4,4,3,3] "c.weight"> {
    a = Conv<pads = [1,1,1,1]>(x, "a*.weight")
    b = Conv<pads = [1,1,1,1]>(a, "b(1).weight")
    y = Conv<pads = [1,1,1,1]>(b, "c.weight")
  }`);
const options = quantizeOptions.parse({ reduce_range: 'never' });

function contextOf() {
  const data = Float32Array.from({ length: 16 * 64 }, (_, i) => Math.sin(i));
  return {
    runtime,
    calibration: datasetInMemory({ name: 'waves', data, sampleDims: [4, 4, 4] }),
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
  };
}

function isInFloat(model: Model, weight: string): boolean {
  return model.graph!.node.some(({ opType, input }) => opType === 'Conv' && input[1] === weight);
}

/** Layers that take so many milliseconds on integers and 1 ms in float; the whole as `whole` says. */
function fakeTimes(onIntegers: Record<string, number>, whole: (floats: string[]) => number) {
  const asked: string[][] = [];
  const of = async (models: readonly Model[]): Promise<ModelCosts[]> =>
    models.map((each) => {
      const floats = Object.keys(onIntegers).filter((name) => isInFloat(each, weights[name]));
      asked.push(floats);
      const nodes = Object.entries(onIntegers).map(([name, ms]): [string, NodeTime] => [
        name,
        { ms: floats.includes(name) ? 1 : ms, kernel: 'Conv' },
      ]);
      return { totalMs: whole(floats), nodes: new Map(nodes) };
    });
  return { costs: { where: 'here', of }, asked };
}

/** Two layers of three are slower on integers. */
const mixed = { a: 3, b: 0.5, y: 2 };

const weights: Record<string, string> = { a: 'a*.weight', b: 'b(1).weight', y: 'c.weight' };

describe('finding the layers that float serves better', () => {
  it('leaves the slower layers in float where the whole becomes faster, by their exact names', async () => {
    const whole = (floats: string[]): number => (floats.length === 3 ? 9 : 6 - floats.length);
    const found = await findFaster(model, options, contextOf(), fakeTimes(mixed, whole).costs);
    expect([...found.notes.keys()]).toEqual(['a*', 'c']);
    expect(found.notes.get('a*')!.reason).toBe(
      'stays float: 1.00 ms here against 3.00 ms on integers',
    );
    expect(Object.keys(found.options.layers)).toEqual(['a\\*', 'c']);
    const { model: written } = await quantize.run(model, found.options, contextOf());
    expect(
      ['a*.weight', 'b(1).weight', 'c.weight'].map((each) => isInFloat(written, each)),
    ).toEqual([true, false, true]);
  });

  it('tries fewer layers, those that lose most, where conversions eat up the gain', async () => {
    const whole = (floats: string[]): number =>
      floats.length === 3 ? 9 : floats.join() === 'a' ? 4 : 5;
    const { costs, asked } = fakeTimes(mixed, whole);
    const found = await findFaster(model, options, contextOf(), costs);
    expect([...found.notes.keys()]).toEqual(['a*']);
    expect(asked).toContainEqual(['a', 'y']);
  });

  it('quantizes everything where every change makes it slower', async () => {
    const whole = (floats: string[]): number => (floats.length === 0 ? 4 : 9);
    const found = await findFaster(
      model,
      options,
      contextOf(),
      fakeTimes({ a: 3, b: 3, y: 3 }, whole).costs,
    );
    expect(found).toMatchObject({ options, issues: [] });
    expect(found.notes.size).toBe(0);
  });

  it('leaves the whole model in float, and says so, where integers are slower whatever stays', async () => {
    const whole = (floats: string[]): number => (floats.length === 3 ? 3 : 4);
    const found = await findFaster(model, options, contextOf(), fakeTimes(mixed, whole).costs);
    expect(found.issues[0]).toMatchObject({ severity: 'warning', code: 'nothing-quantized' });
    expect(found.notes.get('b(1)')!.reason).toContain('whole model');
    const { model: written } = await quantize.run(model, found.options, contextOf());
    expect(written.graph!.node.map(({ opType }) => opType)).toEqual(['Conv', 'Conv', 'Conv']);
  });
});
