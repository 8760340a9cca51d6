/** Budgets in the editor: the problem where a model is named, and the quick fix that leads to a recipe. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { picture } from '../browser';
import type { Scenario } from './scenarios';

const budgets = `device: raspberry-pi-4
budgets:
  - { model: models/fashion.onnx, latency: 0.4 ms }
`;

export const budgetScenario: Scenario = (suite, workbench) => {
  const { page } = workbench;
  const file = join(workbench.folder, 'coppice.budgets.yaml');

  suite.test('a model over its budget is a problem at the line that names it', async () => {
    writeFileSync(file, budgets);
    await workbench.openFile('predict.py');
    await page.locator('.squiggly-error').first().waitFor();
    const hover = await workbench.hover(/^"fashion\.onnx"$/, 'over its budget of 0.4 ms');
    assert.match(await hover.innerText(), /fashion\.onnx takes .* on Raspberry Pi 4/);
    await picture(page, 'budget-problem-light');
    rmSync(file);
    await page.locator('.squiggly-error').waitFor({ state: 'detached' });
  });

  suite.test('its quick fix asks for a recipe that aims for the budget', async () => {
    writeFileSync(file, budgets);
    await workbench.openFile('deploy.json');
    await page.locator('.squiggly-error').first().waitFor();
    await page.locator('.view-line').filter({ hasText: 'fashion.onnx' }).click();
    await page.keyboard.press('Control+.');
    const fix = page
      .locator('.action-widget .monaco-list-row')
      .filter({ hasText: 'to fit 0.4 ms' });
    await fix.waitFor();
    await picture(page, 'budget-fix-light');
    await fix.click();
    await workbench.pickRow('Write a recipe…');
    await workbench.line(/^\s*- prune: .*latency: 0\.4 ms/);
    await workbench.line(/^device: raspberry-pi-4/);
    await picture(page, 'budget-recipe-light');
    rmSync(file);
  });
};
