import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../test/support/weighted-text';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { decodeSnapshot, encodeSnapshot } from './checkpoint-format';
import type { CheckpointStore } from './checkpoints';
import { optimizers } from './optimizers';
import { firstSnapshot, type Snapshot } from './snapshot';
import { tinyData, tinyModel, tinyOptions } from './testing/tiny-training';
import { train, type TrainContext, type TrainOptions } from './train';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

const model = tinyModel(true);
const data = tinyData(56);
const options: TrainOptions = {
  ...tinyOptions,
  warmUp: 2,
  smoothing: 0.1,
  augmentation: { mirror: 1, shift: 2, zoom: 0.3, cutout: 3, mixup: 0.4 },
  optimizer: optimizers.find(({ id }) => id === 'adamw')!,
  average: 0.9,
};
const steps = 6;

class MemoryStore implements CheckpointStore {
  readonly files = new Map<string, Uint8Array>();
  read(name: string) {
    return this.files.get(name);
  }
  write(name: string, parts: readonly Uint8Array[]) {
    this.files.set(name, Uint8Array.from(Buffer.concat(parts)));
    return Promise.resolve();
  }
}

function run(
  checkpoints?: CheckpointStore,
  more: object = {},
  context: Partial<TrainContext> = {},
  trained = model,
) {
  const { signal } = new AbortController();
  const rest = { seed: 3, signal, checkpoints, checkpointSeconds: 0, progress: () => undefined };
  return train(trained, { ...options, ...more }, { runtime, data, ...rest, ...context });
}

/** Ends right behind a step; what was on the disk by then is what remains. */
async function stoppedAfter(step: number, store: CheckpointStore, more: object = {}) {
  const stop = new AbortController();
  const progress = (figures: { step: number }) => figures.step === step && stop.abort();
  await expect(
    run(store, more, { signal: stop.signal, progress: progress as never }),
  ).rejects.toThrow(/abort/i);
}

const bytesOf = ({ model: trained }: { model: Model }) => Buffer.from(encodeModel(trained));

describe('a training that is stopped', () => {
  it('comes to the same bytes from wherever it goes on', async () => {
    const whole = await run();
    for (const step of [1, 3, 5]) {
      const store = new MemoryStore();
      await stoppedAfter(step, store);
      const seen: number[] = [];
      const resumed = await run(store, {}, { progress: ({ step: at }) => void seen.push(at) });
      expect(bytesOf(resumed).equals(bytesOf(whole)), `behind step ${step}`).toBe(true);
      expect(resumed.curve).toEqual(whole.curve);
      // The checkpoint behind the very last step may not have been written any more.
      expect(seen[0]).toBeGreaterThanOrEqual(step);
      expect(seen.at(-1)).toBe(steps);
      if (step > 1) expect(resumed.issues[0].code).toBe('training-resumed');
    }
  });

  it('keeps the step it has made, also where the state stays in the runtime’s process', async () => {
    const wide = weightedModel(`(float[N,3,8,8] x) => (float[N,4] y)
      <float[192,11000] in.weight, float[11000,4] out.weight>
      { f = Flatten(x)  h = MatMul(f, in.weight)  r = Relu(h)  y = MatMul(r, out.weight) }`);
    const store = new MemoryStore();
    const trained = (more: Partial<TrainContext> = {}) =>
      run(store, { epochs: 1, rate: 1e-4, average: undefined }, { ...more, checkpointSeconds: 1000 }, wide); // prettier-ignore
    const stop = new AbortController();
    const progress = ({ step }: { step: number }) => step === 2 && stop.abort();
    const stopped = trained({ signal: stop.signal, progress: progress as never });
    await expect(stopped).rejects.toThrow(/abort/i);
    const seen: number[] = [];
    const resumed = await trained({ progress: ({ step }) => void seen.push(step) });
    expect(seen[0]).toBe(3);
    store.files.clear();
    expect(bytesOf(resumed).equals(bytesOf(await trained()))).toBe(true);
  });

  it('never takes up what is another training’s', async () => {
    const store = new MemoryStore();
    await stoppedAfter(5, store);
    for (const more of [{ rate: 0.03 }, { smoothing: 0 }, { augmentation: {} }, { epochs: 3 }]) {
      const { issues } = await run(store, more);
      expect(issues).toEqual([]);
    }
    const { issues } = await run(store, {}, { seed: 4 });
    expect(issues).toEqual([]);
  });

  it('says that a checkpoint is damaged, and begins where it can', async () => {
    const whole = bytesOf(await run());
    for (const which of ['epoch', 'step']) {
      const store = new MemoryStore();
      await stoppedAfter(5, store);
      const [name, file] = [...store.files].find(([each]) => each.endsWith(which))!;
      file[file.length >> 1] ^= 1;
      store.files.set(name, file);
      const resumed = await run(store);
      expect(resumed.issues.map(({ code }) => code)).toContain('checkpoint');
      expect(resumed.issues[0].message).toMatch(/damaged/);
      expect(bytesOf(resumed).equals(whole)).toBe(true);
    }
  });

  it('goes on without checkpoints where none can be written', async () => {
    const full: CheckpointStore = {
      read: () => undefined,
      write: () => Promise.reject(new Error('no space left on device')),
    };
    const { issues } = await run(full);
    expect(issues).toEqual([
      expect.objectContaining({ severity: 'warning', message: expect.stringMatching(/no space/) }),
    ]);
  });
});

describe('the format', () => {
  const vector = (values: Float32Array) => ({
    ...{ type: 'float' as const, dims: [values.length], data: values },
  });
  const snapshots = fc
    .record({
      weights: fc.float32Array({ minLength: 1, maxLength: 20 }),
      moment: fc.float32Array({ maxLength: 20 }),
      right: fc.option(fc.nat()),
      loss: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
      best: fc.boolean(),
    })
    .map(({ weights, moment, best, ...rest }): Snapshot => {
      const state = { '@weights': vector(weights), '@moment.0': vector(moment) };
      const found = best ? { best: { epoch: 1, heldOut: 0.5, state } } : {};
      return { ...firstSnapshot(state, 2, 3), ...rest, ...found };
    });

  it('gives back every number as it was', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const bytes = Buffer.concat(encodeSnapshot('a', snapshot));
        expect(decodeSnapshot('a', bytes)).toEqual(snapshot);
        expect(() => decodeSnapshot('b', bytes)).toThrow(/another/);
      }),
    );
  });

  it('takes nothing that was cut short or altered', () => {
    fc.assert(
      fc.property(snapshots, fc.nat(), fc.boolean(), (snapshot, at, cut) => {
        const bytes = Buffer.concat(encodeSnapshot('a', snapshot));
        const place = at % bytes.length;
        bytes[place] ^= 16;
        const damaged = cut ? bytes.subarray(0, place) : bytes;
        expect(() => decodeSnapshot('a', damaged)).toThrow(/damaged/);
      }),
    );
  });
});
