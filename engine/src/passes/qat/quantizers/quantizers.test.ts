/** What the quantizers give and their gradients, against the formulas of their papers in double precision. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntime } from '../../../runtime/client';
import type { Runtime } from '../../../runtime/runtime';
import type { Grid } from '../../quantize/grid';
import { typeOfBits } from '../../quantize/quantized-type';
import { differentiate } from '../testing/differentiate';
import { dorefa } from './dorefa';
import { lsq } from './lsq';
import { pact } from './pact';
import { codeBounds, type Quantizer } from './quantizer';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

interface Sample {
  readonly bits: number;
  readonly scales: readonly number[];
  readonly zero: number;
  /** In steps, at least 0.02 from where rounding or clipping changes. */
  readonly steps: readonly number[];
  readonly r: readonly number[];
}

const perChannel = 6;

/** @param signed of activations only: whether the zero point lies inside the codes. */
function samples(channels: number, signed: boolean): fc.Arbitrary<Sample> {
  return fc.integer({ min: 2, max: 8 }).chain((bits) => {
    const far = 1.5 * 2 ** (bits - 1);
    // Apart from multiples of one half, where codes change, and from 0.
    const step = fc
      .tuple(
        fc.integer({ min: -2 * far, max: 2 * far }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      )
      .map(([half, rest]) => (half + rest) / 2);
    const count = channels * perChannel;
    const all = <T>(each: fc.Arbitrary<T>) =>
      fc.array(each, { minLength: count, maxLength: count });
    return fc.record({
      bits: fc.constant(bits),
      scales: fc.array(fc.double({ min: 0.01, max: 0.5, noNaN: true }), {
        minLength: channels,
        maxLength: channels,
      }),
      zero: signed ? fc.integer({ min: 1, max: 2 ** bits - 2 }) : fc.constant(0),
      steps: all(step),
      r: all(fc.double({ min: -1, max: 1, noNaN: true })),
    });
  });
}

function weightGrid({ bits, scales }: Sample, widened: boolean): Grid {
  const type = typeOfBits(bits, true);
  return {
    type,
    min: widened ? type.min : -type.max,
    max: type.max,
    scale: Float32Array.from(scales),
    zeroPoint: new Int32Array(scales.length),
    axis: scales.length > 1 ? 0 : undefined,
  };
}

function activationGrid({ bits, scales, zero }: Sample): Grid {
  const type = typeOfBits(bits, false);
  const [scale, zeroPoint] = [Float32Array.of(scales[0]), Int32Array.of(zero)];
  return { type, min: type.min, max: type.max, scale, zeroPoint };
}

const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

async function weight(quantizer: Quantizer, sample: Sample, names: readonly string[]) {
  const grid = weightGrid(sample, quantizer.usesLeastCode);
  const scaleOf = (i: number) =>
    grid.scale[grid.axis === undefined ? 0 : Math.floor(i / perChannel)];
  const values = Float32Array.from(sample.steps, (step, i) => step * scaleOf(i));
  const dims = [sample.steps.length / perChannel, perChannel];
  const r = { dims, data: Float32Array.from(sample.r) };
  const found = await differentiate(runtime, names, {}, r, (write) =>
    quantizer.weight(write, { name: 'w', dims, values, grid }),
  );
  return { grid, scaleOf, values, ...found };
}

async function activation(quantizer: Quantizer, sample: Sample, names: readonly string[]) {
  const grid = activationGrid(sample);
  const value = Float32Array.from(sample.steps, (step) => step * grid.scale[0]);
  const r = { dims: [value.length], data: Float32Array.from(sample.r) };
  const start = { name: 'a', value: 'x', grid, features: value.length };
  const found = await differentiate(runtime, ['x', ...names], { x: value }, r, (write) =>
    quantizer.activation(write, start),
  );
  return { grid, x: value, ...found };
}

/**
 * Relative to the largest, or to terms that cancel: a step's gradient is a small difference of codes,
 * of which float32 keeps seven digits.
 */
function expectClose(actual: ArrayLike<number>, expected: readonly number[], terms = 0): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(1e-3, terms, ...expected.map(Math.abs));
  expected.forEach((each, i) => {
    expect(Math.abs(actual[i] - each) / largest).toBeLessThan(2e-5);
  });
}

const runs = { numRuns: 12, seed: 4 };

/** ∂v̂/∂s of LSQ. */
function lsqSlope(v: number, s: number, low: number, high: number): number {
  if (v / s <= low) return low;
  if (v / s >= high) return high;
  return -v / s + Math.round(v / s);
}

describe('LSQ', () => {
  it.each([1, 3])('gives the gradients of weights with %i steps', (channels) =>
    fc.assert(
      fc.asyncProperty(samples(channels, false), async (sample) => {
        const { grid, scaleOf, values, value, gradients, decays } = await weight(lsq, sample, [
          'w',
          'w.step',
        ]);
        const [low, high] = codeBounds(grid);
        const all = [...values];
        const inside = (v: number, i: number) => v / scaleOf(i) > low && v / scaleOf(i) < high;
        expectClose(
          value,
          all.map((v, i) => scaleOf(i) * Math.round(clip(v / scaleOf(i), low, high))),
        );
        expectClose(
          gradients.w,
          all.map((v, i) => (inside(v, i) ? sample.r[i] : 0)),
        );
        const elements = all.length / grid.scale.length;
        const steps = sample.scales.map((_, channel) =>
          all.reduce((sum, v, i) => {
            if (channels > 1 && Math.floor(i / perChannel) !== channel) return sum;
            return sum + sample.r[i] * lsqSlope(v, scaleOf(i), low, high);
          }, 0),
        );
        expectClose(
          gradients['w.step'],
          steps.map((each) => each / Math.sqrt(elements * high)),
          Math.sqrt(high / elements),
        );
        expect(decays).toEqual(['w']);
      }),
      runs,
    ),
  );

  it.each([false, true])(
    'gives the gradients of activations, zero inside the codes: %s',
    (signed) =>
      fc.assert(
        fc.asyncProperty(samples(1, signed), async (sample) => {
          const { grid, x, value, gradients } = await activation(lsq, sample, ['a.step']);
          const [low, high] = codeBounds(grid);
          const [s] = grid.scale;
          const all = [...x];
          expectClose(
            value,
            all.map((v) => s * Math.round(clip(v / s, low, high))),
          );
          expectClose(
            gradients.x,
            all.map((v, i) => (v / s > low && v / s < high ? sample.r[i] : 0)),
          );
          const slope = all.reduce((sum, v, i) => sum + sample.r[i] * lsqSlope(v, s, low, high), 0);
          expectClose(
            gradients['a.step'],
            [slope / Math.sqrt(all.length * high)],
            Math.sqrt(high / all.length),
          );
        }),
        runs,
      ),
  );
});

describe('PACT', () => {
  it.each([false, true])(
    'gives the gradients of values and of α, zero inside the codes: %s',
    (signed) =>
      fc.assert(
        fc.asyncProperty(samples(1, signed), async (sample) => {
          const { grid, x, value, gradients, decays, starts } = await activation(pact, sample, [
            'a.alpha',
          ]);
          const [low, high] = codeBounds(grid);
          const most = Math.max(high, -low);
          const alpha = starts['a.alpha'][0];
          const [least, largest] = [(alpha * low) / most, (alpha * high) / most];
          const all = [...x];
          const rounded = (v: number) => Math.round((clip(v, least, largest) * most) / alpha);
          expectClose(
            value,
            all.map((v) => (rounded(v) * alpha) / most),
          );
          expectClose(
            gradients.x,
            all.map((v, i) => (v > least && v < largest ? sample.r[i] : 0)),
          );
          const slope = (v: number) => (v >= largest ? high / most : v <= least ? low / most : 0);
          expectClose(gradients['a.alpha'], [
            all.reduce((sum, v, i) => sum + sample.r[i] * slope(v), 0),
          ]);
          expect(decays).toEqual(['a.alpha']);
        }),
        runs,
      ),
  );
});

describe('DoReFa', () => {
  it.each([1, 3])('gives the gradients of weights with %i ranges', (channels) =>
    fc.assert(
      fc.asyncProperty(samples(channels, false), async (sample) => {
        const name = 'w.unsqueezed';
        const { grid, scaleOf, values, value, gradients, starts } = await weight(dorefa, sample, [
          name,
        ]);
        const [, high] = codeBounds(grid);
        // It begins with the weights, as far as they lie within the range.
        expectClose(
          value,
          [...values].map((v, i) => {
            return scaleOf(i) * Math.round(clip(v / scaleOf(i), -high, high));
          }),
        );
        const all = [...starts[name]].map(Math.tanh);
        const channel = (i: number) => (channels > 1 ? Math.floor(i / perChannel) : 0);
        const largest = sample.scales.map((_, at) =>
          Math.max(
            Math.tanh(Math.min(grid.scale[at] * high, 1)),
            ...all.map((t, i) => (channel(i) === at ? Math.abs(t) : 0)),
          ),
        );
        const slopes = all.map((t, i) => (scaleOf(i) * high * (1 - t * t)) / largest[channel(i)]);
        expectClose(
          gradients[name],
          slopes.map((slope, i) => slope * sample.r[i]),
        );
      }),
      runs,
    ),
  );

  it('stretches weights that have outgrown their range over all codes', async () => {
    const grid = weightGrid({ bits: 4, scales: [0.1], zero: 0, steps: [], r: [] }, false);
    const values = Float32Array.of(0.1, -0.7, 0.35, 0.2);
    const r = { dims: [4], data: Float32Array.of(1, 1, 1, 1) };
    const { value } = await differentiate(runtime, ['w.unsqueezed'], {}, r, (write) =>
      dorefa.weight(
        {
          ...write,
          parameter: (name, dims, start, options) =>
            write.parameter(
              name,
              dims,
              start.map((v) => 2 * v),
              options,
            ),
        },
        { name: 'w', dims: [4], values, grid },
      ),
    );
    const unsqueezed = [...values].map((v) =>
      Math.tanh(2 * Math.atanh((v / 0.7) * Math.tanh(0.7))),
    );
    const largest = Math.max(...unsqueezed.map(Math.abs));
    expectClose(
      value,
      unsqueezed.map((t) => 0.1 * Math.round((t / largest) * 7)),
    );
  });

  it('clips activations to the range they began with, and learns none', () =>
    fc.assert(
      fc.asyncProperty(samples(1, true), async (sample) => {
        const { grid, x, gradients, starts } = await activation(dorefa, sample, []);
        const [low, high] = codeBounds(grid);
        const inside = (v: number) => v / grid.scale[0] > low && v / grid.scale[0] < high;
        expectClose(
          gradients.x,
          [...x].map((v, i) => (inside(v) ? sample.r[i] : 0)),
        );
        expect(starts).toEqual({});
      }),
      runs,
    ));
});
