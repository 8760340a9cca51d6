/** Compression from start to report, by mouse and by keyboard, and its cancellation. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessible, picture } from '../browser';
import { runLimit } from './workbench';
import type { Scenario } from './scenarios';

const resultHeading = 'fashion.onnx → fashion-small.onnx';

export const compress: Scenario = (suite, workbench) => {
  const { page } = workbench;
  const progress = page.locator('.notification-toast').filter({ hasText: /Compressing|Running/ });

  suite.test('Run Recipe compresses, with progress, and shows the report', async () => {
    await workbench.openFile('coppice.yaml');
    await workbench.runCommand('Coppice: Run Recipe');
    await page.locator('.notification-toast.notification-fade-in-done').waitFor();
    await progress.waitFor();
    await picture(page, 'progress-light');
    await workbench.webview('Compressing fashion.onnx');
    const frame = await workbench.webview(resultHeading, runLimit);
    await frame.getByText('Verified.').waitFor();
    assert.ok(existsSync(join(workbench.folder, 'build', 'fashion-small.onnx')));
    await picture(page, 'compress-report-light');
    await expectAccessible(frame);
  });

  suite.test('the report leads to the result and to the difference', async () => {
    await workbench.runCommand('Coppice: Show Report…');
    await workbench.rows().first().click();
    const frame = await workbench.webview(resultHeading);
    await frame.getByRole('button', { name: 'Compare with Original' }).click();
    await workbench.webview('fashion.onnx ↔ fashion-small.onnx');
    await picture(page, 'comparison-light');
    await page.locator('.tabs-container .tab').filter({ hasText: 'Report:' }).click();
    await (
      await workbench.webview(resultHeading)
    )
      .getByRole('button', { name: 'Open Result' })
      .click();
    await workbench.webview('fashion-small.onnx');
  });

  suite.test('Compress… works from the keyboard alone', async () => {
    await workbench.typeCommand('Coppice: Compress…');
    await workbench.focused('Coppice: Compress…').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget input[placeholder="Choose a model"]').waitFor();
    await page.keyboard.type('models/fashion');
    await workbench.focused('models/fashion.onnx').waitFor();
    await page.keyboard.press('Enter');
    await workbench.row('A light cut').waitFor();
    await picture(page, 'compress-targets-light');
    await page.keyboard.type('light');
    await workbench.focused('A light cut').waitFor();
    await page.keyboard.press('Enter');
    const frame = await workbench.webview(/^fashion\.onnx → /, runLimit);
    await frame.getByText('Verified.').waitFor();
    await picture(page, 'compress-quick-report-light');
  });

  suite.test('a run can be cancelled, and leaves no report', async () => {
    // A finished run of the same recipe would be taken up again, and be done at once.
    rmSync(join(workbench.folder, '.coppice'), { recursive: true });
    await workbench.openFile('coppice.yaml');
    await workbench.runCommand('Coppice: Run Recipe');
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.statusbar').getByText('the run was cancelled').waitFor();
    await workbench.webview('Stopped: compressing fashion.onnx');
    const runs = join(workbench.folder, '.coppice', 'runs');
    for (const run of readdirSync(runs)) assert.ok(!existsSync(join(runs, run, 'report.json')));
  });

  suite.test("the Explorer's menu on a model offers compression", async () => {
    await workbench.revealFile('models', 'fashion.onnx');
    await page
      .locator('.explorer-folders-view')
      .getByRole('treeitem', { name: 'fashion.onnx', exact: true })
      .click({ button: 'right' });
    const menu = page.locator('.context-view .monaco-menu');
    await menu.getByRole('menuitem', { name: 'Compress…' }).waitFor();
    await picture(page, 'explorer-menu-light');
    await menu.getByRole('menuitem', { name: 'Inspect Model' }).click();
    await workbench.webview('fashion.onnx');
  });
};
