/** An untrusted workspace can be looked at; nothing in it can be run until it is trusted. */
import assert from 'node:assert/strict';
import { picture } from '../browser';
import type { Scenario } from './scenarios';

export const trust: Scenario = (suite, workbench) => {
  const { page } = workbench;

  suite.test('an untrusted workspace offers inspection but no compression', async () => {
    await page.locator('.statusbar').getByText('Restricted Mode').waitFor();
    await workbench.openFile('predict.py');
    await workbench.typeCommand('Coppice: ');
    await workbench.row('Coppice: Inspect Model').waitFor();
    assert.equal(await workbench.row('Coppice: Compress…').count(), 0);
    assert.equal(await workbench.row('Coppice: Run Recipe').count(), 0);
    await picture(page, 'untrusted-commands');
    await page.keyboard.press('Escape');
  });

  suite.test('trusting the workspace brings compression', async () => {
    await workbench.runCommand('Workspaces: Manage Workspace Trust');
    await page.getByRole('button', { name: 'Trust', exact: true }).first().click();
    await page.getByText('You trust this folder').waitFor();
    await workbench.typeCommand('Coppice: ');
    await workbench.row('Coppice: Compress…').waitFor();
    await page.keyboard.press('Escape');
  });
};
