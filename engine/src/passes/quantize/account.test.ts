/** What the pass says of what it did: bits of each layer, reasons, and what a person should know. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { issuesOf, notesOf } from './account';
import { quantizeOptions } from './options';
import { blueprintOf } from './testing/blueprints';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const graph = `(float[1,2,4,4] x) => (float[1,2,8,8] y) <float[2,2,1,1] a.weight, float[2,2,2,2] b.weight> {
  c = Conv(x, a.weight) y = ConvTranspose<strides = [2, 2]>(c, b.weight) }`;

describe('the account of quantization', () => {
  it('gives the bits of every layer, and why some stay floats', async () => {
    const { blueprint, placement } = await blueprintOf(runtime, weightedModel(graph));
    const notes = notesOf(blueprint, placement);
    expect(notes.map(({ subject, before, after }) => [subject, before, after])).toEqual([
      ['a', 32, 8],
      ['b', 32, 32],
    ]);
    expect(notes[0].reason).toBe('int8 weights with 2 scales, reads uint8');
    expect(notes[1].reason).toContain('ConvTranspose in floating point');
    const options = quantizeOptions.parse({ reduce_range: 'never' });
    expect(issuesOf(options, blueprint, placement)).toEqual([]);
  });

  it('warns where nothing is quantized, and of globs that reach nothing', async () => {
    const layers = { a: { skip: true }, nobody: { weights: 'int4' } };
    const options = { layers, reduce_range: 'never' };
    const { blueprint, placement } = await blueprintOf(runtime, weightedModel(graph), options);
    const issues = issuesOf(quantizeOptions.parse(options), blueprint, placement);
    expect(issues.map(({ code }) => code).sort()).toEqual(['idle-pattern', 'nothing-quantized']);
    expect(issues.find(({ code }) => code === 'nothing-quantized')?.message).toContain(
      'a, for one: the recipe leaves it',
    );
  });
});
