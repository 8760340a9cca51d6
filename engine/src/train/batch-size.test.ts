import { describe, expect, it } from 'vitest';
import { bytesForSteps, fittedBatch, largeBatchIssues } from './batch-size';
import { stepGraph } from './step-graph';
import { tinyModel, tinyOptions } from './testing/tiny-training';

const model = tinyModel();
const options = tinyOptions;
const bytesOf = (batch: number) => stepGraph(model, { ...options, batch }).bytes;

describe('the batch', () => {
  it('is halved until a step fits the memory it may take', () => {
    expect(fittedBatch(model, options, 64, bytesOf(64))).toEqual({ batch: 64, issues: [] });
    const { batch, issues } = fittedBatch(model, options, 64, bytesOf(16));
    expect(batch).toBe(16);
    expect(issues[0]).toMatchObject({ code: 'batch-lowered', severity: 'information' });
    expect(fittedBatch(model, options, 48, bytesOf(16)).batch).toBe(12);
    expect(fittedBatch(model, options, 64, 1).batch).toBe(1);
  });

  it('is warned of where it was asked for and may be too large', () => {
    expect(largeBatchIssues(8, 2e9, 3e9)).toEqual([]);
    expect(largeBatchIssues(8, 3.2e9, 3e9)[0].message).toMatch(/8 samples take about 3\.2 GB/);
    expect(bytesForSteps()).toBeGreaterThan(2 ** 24);
    expect(bytesForSteps()).toBeLessThan(2 ** 45);
  });
});

describe('the memory of a step', () => {
  it('holds the feature maps that the backward pass reads again, and no more than all values', () => {
    const perSample = (bytesOf(64) - bytesOf(32)) / 32;
    // Convolution, normalization and ReLU keep 8 × 8 × 8 floats each; the image has 3 × 8 × 8.
    const map = 4 * 8 * 64;
    expect(perSample).toBeGreaterThan(2 * map + 4 * 3 * 64);
    expect(perSample).toBeLessThan(12 * map);
  });
});
