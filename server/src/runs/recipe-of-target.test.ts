/** Recipes made from a target: sound, beside the model, with the data that is known for it. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRecipe } from '#engine/recipe/parse';
import { exampleCopy, folderWith } from '../../testing/workspace-folder';
import { recipeOfTarget } from './recipe-of-target';

describe('a recipe made from a target', () => {
  it('takes task and data from a recipe above that is for the same model', () => {
    const folder = exampleCopy();
    const model = join(folder, 'models/fashion.onnx');
    const { text, path } = recipeOfTarget(model, { macs: 0.4 }, folder);
    const { recipe, problems } = parseRecipe(text);
    expect(problems).toEqual([]);
    expect(path).toBe(join(folder, 'models/coppice.yaml'));
    expect(recipe).toMatchObject({
      model: 'fashion.onnx',
      task: 'classification',
      data: { path: '../data/fashion-calibration.npz', validation: '../data/fashion-test.npz' },
      steps: [{ prune: { macs: 0.4, criterion: 'auto', round: 8 } }],
      output: 'fashion-40.onnx',
    });
  });

  it('needs no data, and overwrites nothing', () => {
    const folder = folderWith({ 'net.onnx': null });
    writeFileSync(join(folder, 'net-50.onnx'), '');
    const { text } = recipeOfTarget(join(folder, 'net.onnx'), { params: 0.5 }, folder);
    const { recipe } = parseRecipe(text);
    expect(recipe).toMatchObject({ task: 'fidelity', output: 'net-50-2.onnx' });
    expect(recipe?.data).toBeUndefined();
  });

  it('does not take the data of another model', () => {
    const recipe =
      'model: other.onnx\ndata: { path: x.npz }\nsteps: [{ prune: { macs: 0.5 } }]\noutput: o.onnx\n';
    const folder = folderWith({ 'net.onnx': null, 'coppice.yaml': recipe });
    const { text } = recipeOfTarget(join(folder, 'net.onnx'), { macs: 0.5 }, folder);
    expect(text).not.toContain('x.npz');
  });
});
