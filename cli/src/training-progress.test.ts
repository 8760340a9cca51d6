/** The terminal of a training, driven by a real loop and looked at column by column. */

import { resolve } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '#engine/data/open';
import { loadModel } from '#engine/onnx/load';
import { finetune } from '#engine/passes/finetune/finetune';
import { finetuneOptions } from '#engine/passes/finetune/options';
import type { Progress } from '#engine/passes/pass';
import { startRuntime } from '#engine/runtime/client';
import { epochLine, liveLine, showProgress, sparkline } from './training-progress';

const example = resolve(__dirname, '../../examples/fashion');
const steps: Progress[] = [];
beforeAll(async () => {
  const runtime = await startRuntime();
  try {
    const { model } = loadModel(resolve(example, 'models/fashion.onnx'));
    const file = resolve(example, 'data/fashion-calibration.npz');
    const calibration = (await openDataset(file, { mean: 0.286, std: 0.353 })).sample(128, 0);
    await finetune.run(model, finetuneOptions.parse({ batch: 32, epochs: 2 }), {
      ...{ runtime, calibration, seed: 0, signal: new AbortController().signal },
      progress: (step) => steps.push(step),
    });
  } finally {
    await runtime.close();
  }
});

/** What is written when the loop's own progress is shown; each call takes a second. */
function shown(progress: readonly Progress[], width = 120) {
  const lines: string[] = [];
  const notes: string[] = [];
  let time = 0;
  const show = showProgress(
    { width, progress: (line) => lines.push(line), note: (line) => notes.push(line) },
    () => (time += 1000),
  );
  for (const step of progress) show(step);
  return { lines, notes };
}

describe('training in the terminal', () => {
  it('leaves a line for each epoch and keeps one alive', () => {
    const { lines, notes } = shown(steps);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/^epoch 1 of 2: loss [\d.]+, [\d.]+ % right, rate [\d.]+$/);
    expect(lines[0]).not.toContain('left');
    expect(lines.at(-2)).toMatch(
      /^epoch 2 of 2 · loss [\d.]+ · [\d.]+ % right · 0:00 left · [▁-█]{8} · rate [\d.]+$/,
    );
  });

  it('does not tell again what an earlier attempt told', () => {
    const { notes } = shown(steps.slice(6));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^epoch 2 of 2/);
  });

  it('passes on what is not training as it is', () => {
    expect(shown([{ message: 'measuring' }]).lines).toEqual(['measuring']);
  });

  it('never asks for more room than there is, and names the epoch always', () => {
    const training = steps.at(-1)!.training!;
    for (let room = 14; room < 120; room++) {
      const line = liveLine(training, 65_000, room);
      expect(line.length).toBeLessThanOrEqual(room);
      expect(line).toMatch(/^epoch 2 of 2/);
    }
    expect(liveLine(training, 3_725_000, 120)).toContain('1:02:05 left');
  });

  it('says what was held out, and which of several trainings it is', () => {
    const { figures, curve } = steps.at(-1)!.training!;
    const point = { epoch: 1, step: 4, loss: 1.25, accuracy: null, rate: 0.01, heldOut: 0.5 };
    expect(epochLine(point, { figures, curve: { ...curve, title: '4 bits' } })).toBe(
      '4 bits, epoch 1 of 2: loss 1.250, 50.0 % of those held out, rate 0.01',
    );
  });

  it('draws the least low and the largest high, in as many cells as there are', () => {
    expect(sparkline([4, 3, 2, 1], 4)).toBe('█▆▃▁');
    expect(sparkline([1, 1], 8)).toBe('▁▁');
    const losses = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(losses, fc.integer({ min: 1, max: 40 }), (values, width) => {
        expect(sparkline(values, width)).toMatch(/^[▁-█]+$/);
        expect(sparkline(values, width)).toHaveLength(Math.min(width, values.length));
      }),
    );
  });
});
