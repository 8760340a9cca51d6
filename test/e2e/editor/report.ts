/** The report of a past run, opened as a person would. */
import type { Frame } from 'playwright-core';
import { expectAccessible, picture } from '../browser';
import type { Scenario } from './scenarios';
import type { Workbench } from './workbench';

const sampleHeading = 'fashion.onnx → fashion-small.onnx';

export async function openSample(workbench: Workbench): Promise<Frame> {
  await workbench.runCommand('Coppice: Show Report…');
  await workbench.pickRow('sample');
  return workbench.webview(sampleHeading);
}

export const report: Scenario = (suite, workbench) => {
  const { page } = workbench;

  suite.test('Show Report… opens the report of a past run', async () => {
    const frame = await openSample(workbench);
    await frame.getByText('Verified.').waitFor();
    await expectAccessible(frame);
  });

  suite.test('its button opens the recipe', async () => {
    const frame = await openSample(workbench);
    await frame.getByRole('button', { name: 'Open Recipe' }).click();
    await workbench.line(/^model: models\/fashion\.onnx/);
  });

  suite.test('the report comes back after a reload', async () => {
    await openSample(workbench);
    await workbench.runCommand('Developer: Reload Window');
    await page.waitForEvent('load');
    await workbench.webview(sampleHeading);
  });

  suite.test('a report can be opened with the keyboard alone', async () => {
    await workbench.typeCommand('Coppice: Show Report…');
    await workbench.focused('Coppice: Show Report…').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget input[placeholder="Choose a run"]').waitFor();
    await page.keyboard.type('sample');
    await workbench.focused('sample').waitFor();
    await page.keyboard.press('Enter');
    const frame = await workbench.webview(sampleHeading);
    await frame.getByRole('button', { name: 'Open Recipe' }).focus();
    await page.keyboard.press('Enter');
    await workbench.line(/^model: models\/fashion\.onnx/);
    await picture(page, 'recipe-light');
  });
};
