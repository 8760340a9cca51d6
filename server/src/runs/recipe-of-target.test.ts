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

  it('can be fine-tuned after it was cut, or instead', () => {
    const folder = exampleCopy();
    const model = join(folder, 'models/fashion.onnx');
    const both = recipeOfTarget(model, { macs: 0.5, finetune: { epochs: 3 } }, folder);
    expect(parseRecipe(both.text).recipe).toMatchObject({
      steps: [{ prune: { macs: 0.5 } }, { finetune: { epochs: 3 } }],
      output: 'fashion-50-tuned.onnx',
    });
    const { recipe, problems } = parseRecipe(
      recipeOfTarget(model, { finetune: { epochs: 1 } }, folder).text,
    );
    expect(problems).toEqual([]);
    expect(recipe?.steps).toEqual([{ finetune: expect.objectContaining({ epochs: 1 }) }]);
    expect(recipe?.output).toBe('fashion-tuned.onnx');
  });

  it('lets what a model was made of teach it, on the same data', () => {
    const folder = exampleCopy();
    const result = join(folder, 'build/fashion-small.onnx');
    const original = join(folder, 'models/fashion.onnx');
    const made = parseRecipe(recipeOfTarget(result, { finetune: { epochs: 1 } }, folder).text);
    const data = { path: '../data/fashion-calibration.npz', mean: [0.286] };
    expect(made.recipe).toMatchObject({ data, steps: [{ finetune: { teacher: original } }] });
    const elsewhere = join(folder, 'fashion-50.onnx');
    const target = { finetune: { epochs: 1, teacher: original } };
    expect(parseRecipe(recipeOfTarget(elsewhere, target, folder).text).recipe).toMatchObject({
      data: { path: 'data/fashion-calibration.npz' },
      steps: [{ finetune: { teacher: original } }],
    });
  });

  it('is refused where it would train without data', () => {
    const folder = folderWith({ 'net.onnx': null });
    const target = { finetune: { epochs: 1 } };
    expect(() => recipeOfTarget(join(folder, 'net.onnx'), target, folder)).toThrow(
      /No recipe names data for net.onnx/,
    );
  });

  it('does not take the data of another model', () => {
    const recipe =
      'model: other.onnx\ndata: { path: x.npz }\nsteps: [{ prune: { macs: 0.5 } }]\noutput: o.onnx\n';
    const folder = folderWith({ 'net.onnx': null, 'coppice.yaml': recipe });
    const { text } = recipeOfTarget(join(folder, 'net.onnx'), { macs: 0.5 }, folder);
    expect(text).not.toContain('x.npz');
  });
});
