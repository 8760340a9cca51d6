/** What a run says of the budgets of its own result. */

import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { loadModel } from '../onnx/load';
import { missedTarget } from '../report/report';
import { budgetIssues } from './budget-issues';
import { parseRecipe } from './parse';

const output = resolve(__dirname, '../../../examples/fashion/models/fashion.onnx');
const metric = { id: 'top1', title: 'top-1 accuracy', samples: 100 } as const;
const after = { params: 1, macs: 1, weightBytes: 1, latencyMs: null, metric: 0.91 };

async function issuesOf(budgets: string) {
  const text = `model: a.onnx\nsteps: [simplify: {}]\noutput: b.onnx\nbudgets: ${budgets}\n`;
  const recipe = parseRecipe(text).recipe!;
  return budgetIssues(recipe, { model: loadModel(output).model, output, after, metric });
}

it('warns of budgets that the result is over, which counts as a missed target', async () => {
  const issues = await issuesOf('[{ size: 300 kB, accuracy: 92 % }, { params: 1 M }]');
  expect(issues.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'warning: The result has 696 kB, 396 kB over its budget of 300 kB.',
    'warning: The result reaches 91 % top-1 accuracy, 1.0 points under its budget of 92 %.',
  ]);
  expect(missedTarget({ issues })?.code).toBe('over-budget');
});

it('says nothing of budgets that are kept, or that are for other models', async () => {
  expect(
    await issuesOf('[{ size: 1 MB, accuracy: 90 % }, { model: "*.onnx", size: 1 kB }]'),
  ).toEqual([]);
});
