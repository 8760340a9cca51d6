/** What the language server shows in source files and in the recipe, as a person sees it. */
import assert from 'node:assert/strict';
import { expectAccessible, picture } from '../browser';
import type { Scenario } from './scenarios';
import type { Workbench } from './workbench';

const modelHint = /params · [\d.]+ [kMG]?\s?MACs/;
const layerHint = /\d ch · /;

export const hints: Scenario = (suite, workbench) => {
  const { page } = workbench;

  suite.test('the line that loads a model says what it costs', async () => {
    await workbench.openFile('predict.py');
    const line = await workbench.line(modelHint);
    assert.match(line, /InferenceSession\(str\(MODELS \/ "fashion\.onnx"/);
    await picture(page, 'hints-python-light');
  });

  suite.test('so it does in TypeScript and JSON', async () => {
    for (const file of ['serve.ts', 'deploy.json']) {
      await workbench.openFile(file);
      assert.match(await workbench.line(modelHint), /fashion\.onnx/);
    }
  });

  suite.test("hovering over the path shows the model's card", async () => {
    await workbench.openFile('predict.py');
    await workbench.line(modelHint);
    const card = await workbench.hover(/^"fashion\.onnx"$/, 'MACs');
    assert.match(await card.innerText(), /conv/);
    await picture(page, 'hover-light');
  });

  suite.test('the code lens Inspect opens the layers of the model', async () => {
    await workbench.openFile('predict.py');
    await lens(workbench, 'Compress…').waitFor();
    await lens(workbench, 'Inspect').click();
    const frame = await workbench.webview('fashion.onnx');
    await frame
      .getByRole('table', { name: 'Layers' })
      .getByText('layer1.0.conv1')
      .first()
      .waitFor();
    await picture(page, 'inspection-light');
    await expectAccessible(frame);
  });

  suite.test('a model that is missing is a problem at its place', async () => {
    await workbench.openFile('missing.py');
    await page.locator('.squiggly-warning').waitFor();
    await workbench.hover('models/absent.onnx', 'does not exist');
    await picture(page, 'missing-model-light');
  });

  suite.test("a module's source says what its layers cost in the exported model", async () => {
    await workbench.openFile('fashion_net.py');
    await workbench.line(/self\.conv1 = nn\.Conv2d\(1, 16.*16 ch · 113 kMACs/);
    await workbench.line(/self\.conv2 = nn\.Conv2d\(out_channels.*16–64 ch .*5×/);
    await picture(page, 'hints-module-light');
  });

  suite.test('the recipe has hints, a lens to run it, and completion from its schema', async () => {
    await workbench.openFile('coppice.yaml');
    await workbench.line(/^model: models\/fashion\.onnx.*params/);
    await lens(workbench, 'Run').waitFor();
    await picture(page, 'hints-recipe-light');
    await page.locator('.view-line').filter({ hasText: 'scope:' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('min');
    await page.keyboard.press('Control+Space');
    const suggestion = page.locator('.suggest-widget .monaco-list-row');
    await suggestion.filter({ hasText: 'min_channels' }).first().waitFor();
    await picture(page, 'completion-light');
  });

  suite.test('each layer says what it would best suffer', async () => {
    await workbench.openFile('fashion_net.py');
    await workbench.line(/self\.conv1 = nn\.Conv2d\(.* · (leave|prune|Tucker|SVD)/);
    await picture(page, 'hints-advice-light');
  });

  suite.test('a quick fix mends a misspelt key of the recipe', async () => {
    await workbench.openFile('coppice.yaml');
    await page.locator('.view-line').filter({ hasText: 'scope:' }).click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('min_chanels: 4');
    await page.keyboard.press('Escape');
    await page.locator('.squiggly-error').first().waitFor();
    await page.keyboard.press('Control+.');
    const fix = page.locator('.action-widget .monaco-list-row');
    await fix.filter({ hasText: 'Replace by' }).first().waitFor();
    await picture(page, 'quick-fix-light');
    await fix.filter({ hasText: 'Replace by' }).first().click();
    await workbench.line(/^\s*min_channels: 4/);
  });

  suite.test('a hint kind can be switched off while the editor runs', async () => {
    await workbench.openFile('predict.py');
    await workbench.line(modelHint);
    workbench.configure({ 'coppice.inlayHints.model': false });
    await workbench.until('the hint to go', async () =>
      (await workbench.lines()).some((line) => modelHint.test(line)) ? undefined : true,
    );
    workbench.configure({});
    await workbench.line(modelHint);
  });

  suite.test('a model can be read as ONNX text', async () => {
    await workbench.runCommand('Coppice: Open as ONNX Text');
    await workbench.pickRow('models/fashion.onnx');
    await workbench.line(/ir_version/);
    await page.locator('#status\\.editor\\.mode').getByText('ONNX Text').waitFor();
    await picture(page, 'onnx-text-light');
  });

  suite.test('hints in dark and in high contrast', async () => {
    for (const [name, theme, className] of [
      ['dark', 'Dark Modern', 'vs-dark'],
      ['high-contrast', 'Default High Contrast', 'hc-black'],
    ] as const) {
      await workbench.useTheme(theme, className);
      await workbench.openFile('fashion_net.py');
      await workbench.line(layerHint);
      await picture(page, `hints-module-${name}`);
    }
  });
};

function lens(workbench: Workbench, title: string) {
  return workbench.page.locator('.codelens-decoration a').filter({ hasText: title }).first();
}
