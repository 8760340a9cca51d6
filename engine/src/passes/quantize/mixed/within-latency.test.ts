import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../../test/support/weighted-text';
import type { Model } from '../../../ir/model';
import { place } from '../placement';
import { onnxruntimeCpu } from '../profiles/onnxruntime-cpu';
import type { ModelCosts } from '../layer-costs';
import type { Item } from './items';
import { latencyTable } from './latency-table';
import { withinLatency } from './within-latency';

const layers = 6;
const names = Array.from({ length: layers }, (_, i) => `v${i + 1}`);
const model = weightedModel(`(float[N,4,4,4] v0) => (float[N,4,4,4] v${layers})
  <${names.map((name) => `float[4,4,3,3] "${name}.weight"`).join(', ')}> {
    ${names.map((name, i) => `${name} = Conv<pads = [1,1,1,1]>(v${i}, "${name}.weight")`).join('\n')}
  }`);
const sites = place(model, onnxruntimeCpu).layers;

/** The noise of a layer falls with its bits, and differs from layer to layer. */
const items = sites.map((site, i): Item => ({
  site,
  candidates: [4, 8, 32].map((bits) => ({
    bits,
    bytes: bits,
    loss: bits === 32 ? 0 : (1 + ((i * 7) % 5)) * 4 ** -bits,
  })),
}));

type Chosen = readonly number[];

/** Layers that take as long as their kernels, and a conversion wherever floats meet integers. */
interface Machine {
  readonly kernels: readonly (readonly number[])[];
  readonly conversion: number;
  readonly rest: number;
}

function costsOf({ kernels, conversion, rest }: Machine, chosen: Chosen): ModelCosts {
  const isFloat = chosen.map((at) => at === 2);
  const changes = isFloat.filter((each, i) => i > 0 && each !== isFloat[i - 1]).length;
  const times = kernels.map((each, i) => each[chosen[i]]);
  return {
    totalMs: rest + conversion * changes + times.reduce((a, b) => a + b, 0),
    nodes: new Map(times.map((ms, i) => [names[i], { ms, kernel: 'Conv' }])),
  };
}

/** Stands for models with widths, which costs tell apart. */
async function solve(machine: Machine, target: number) {
  const built = new Map<Model, Chosen>();
  const modelFor = async (chosen: Chosen): Promise<Model> => {
    const made = { ...model };
    built.set(made, chosen);
    return made;
  };
  const costs = {
    where: 'on paper',
    of: async (models: readonly Model[]) =>
      models.map((each) => costsOf(machine, built.get(each)!)),
  };
  const context = { signal: new AbortController().signal, seed: 0, progress: () => undefined };
  const selection = await withinLatency(model, items, target, modelFor, costs, context);
  const took = costsOf(machine, selection.chosen).totalMs;
  return { ...selection, took, measured: built.size, loss: lossOf(selection.chosen) };
}

function lossOf(chosen: Chosen): number {
  return chosen.reduce((sum, at, i) => sum + items[i].candidates[at].loss, 0);
}

const time = fc.integer({ min: 1, max: 40 });
const machines = fc.record({
  kernels: fc.array(fc.tuple(time, time, time), { minLength: layers, maxLength: layers }),
  conversion: fc.integer({ min: 0, max: 10 }),
  rest: fc.integer({ min: 0, max: 20 }),
});

describe('widths within a latency', () => {
  it('keeps the target or says that it does not, and is never worse than one width everywhere', async () => {
    await fc.assert(
      fc.asyncProperty(machines, fc.integer({ min: 10, max: 250 }), async (machine, target) => {
        const { took, loss, issues, measured } = await solve(machine, target);
        const missed = issues.some(({ code }) => code === 'target-missed');
        expect(missed).toBe(took > target);
        expect(measured).toBeLessThanOrEqual(8);
        for (const at of [0, 1, 2]) {
          const everywhere = items.map(() => at);
          const { totalMs } = costsOf(machine, everywhere);
          if (missed) expect(took).toBeLessThanOrEqual(totalMs);
          else if (totalMs <= target) expect(loss).toBeLessThanOrEqual(lossOf(everywhere));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finds the least noise where nothing is converted, and times really add up', async () => {
    await fc.assert(
      fc.asyncProperty(machines, fc.integer({ min: 10, max: 250 }), async (machine, target) => {
        const exact = { ...machine, conversion: 0 };
        const { took, loss } = await solve(exact, target);
        let least = Infinity;
        for (let code = 0; code < 3 ** layers; code++) {
          const chosen = items.map((_, i) => Math.floor(code / 3 ** i) % 3);
          if (costsOf(exact, chosen).totalMs <= target) least = Math.min(least, lossOf(chosen));
        }
        if (least === Infinity) expect(took).toBeGreaterThan(target);
        else expect(loss).toBeCloseTo(least, 12);
      }),
      { numRuns: 30 },
    );
  });

  it('says that floats are fast enough, and quantizes nothing', async () => {
    const machine = { kernels: items.map(() => [3, 2, 1]), conversion: 1, rest: 0 };
    const { chosen, issues } = await solve(machine, 6);
    expect(chosen).toEqual(items.map(() => 2));
    expect(issues[0].code).toBe('nothing-quantized');
  });
});

describe('the table of latencies', () => {
  it('adds up to what each variant was measured to take', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const variants = [
          [1, 1, 1, 1, 1, 1],
          [0, 0, 0, 0, 0, 0],
          [2, 1, 2, 1, 2, 1],
          [1, 2, 1, 2, 1, 2],
        ].map((chosen) => ({ chosen, costs: costsOf(machine, chosen) }));
        const { restMs, layersMs } = latencyTable(model, items, variants);
        for (const { chosen, costs } of variants) {
          const sum = chosen.reduce((before, at, i) => before + layersMs[i][at], restMs);
          expect(sum).toBeCloseTo(costs.totalMs, 9);
        }
      }),
    );
  });
});
