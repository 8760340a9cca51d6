/** Latencies in the editor: at models and layers, for the devices that are chosen, and while editing. */
import assert from 'node:assert/strict';
import { expectAccessible, picture } from '../browser';
import type { Scenario } from './scenarios';

export const latency: Scenario = (suite, workbench) => {
  const { page } = workbench;
  const item = page.locator('.statusbar-item', { hasText: 'Raspberry Pi' });

  suite.test('a model and each of its layers say what they take on the device', async () => {
    await workbench.openFile('predict.py');
    await workbench.line(/InferenceSession.* ms .*Raspberry Pi 4/);
    await item.first().waitFor();
    await picture(page, 'latency-model-light');
    const card = await workbench.hover(/^"fashion\.onnx"$/, 'published');
    assert.match(await card.innerText(), /80 % of models[^]*fits/);
    await picture(page, 'latency-hover-light');
    await workbench.closeEditors();
    await workbench.openFile('fashion_net.py');
    await workbench.line(/self\.conv1 = nn\.Conv2d\(1, 16.*\d ms · 16 ch/);
    await picture(page, 'latency-layers-light');
  });

  suite.test('another device is chosen in the status bar, and the hints follow', async () => {
    await workbench.openFile('predict.py');
    await workbench.line(/ms .*Raspberry Pi 4/);
    await item.first().click();
    await page.locator('.quick-input-widget input[type="text"]').fill('Raspberry Pi 5');
    const row = workbench.rows().filter({ hasText: 'Raspberry Pi 5' }).first();
    await row.waitFor();
    await picture(page, 'latency-picker-light');
    await row.locator('.label-name').first().click();
    await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
    await workbench.line(/ms .*Raspberry Pi 4 \| .*/);
    await picture(page, 'latency-two-devices-light');
    workbench.configure({});
  });

  suite.test('an edited layer shows its new cost beside the old one', async () => {
    await workbench.openFile('fashion_net.py');
    await workbench.line(/self\.conv1 = nn\.Conv2d\(1, 16.*\d ms/);
    await page.locator('.view-line').filter({ hasText: 'nn.Conv2d(1, 16' }).click();
    await page.keyboard.press('Home');
    const column = '        self.conv1 = nn.Conv2d(1, 16'.length - 8;
    for (let i = 0; i < column; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('48');
    await workbench.line(/nn\.Conv2d\(1, 48.*113 → 339 kMACs · [\d.]+ → [\d.]+ ms/);
    await picture(page, 'latency-what-if-light');
  });

  suite.test('ONNX text has what the model and its nodes cost', async () => {
    await workbench.runCommand('Coppice: Open as ONNX Text');
    await workbench.pickRow('models/fashion.onnx');
    await workbench.line(/Raspberry Pi 4 .*params/);
    await picture(page, 'latency-onnx-text-light');
  });

  suite.test("the model's page shows latencies of the device that is selected there", async () => {
    await workbench.runCommand('Coppice: Inspect Model');
    await workbench.pickRow('models/fashion.onnx');
    const frame = await workbench.webview('fashion.onnx');
    await frame.getByText('belong to no layer').waitFor();
    await frame.locator('input[value="latencyMs"]').check();
    await picture(page, 'latency-page-light');
    await frame.getByTestId('device').selectOption({ index: 0 });
    await frame.getByText('belong to no layer').waitFor({ state: 'detached' });
    await expectAccessible(frame);
  });

  suite.test("the model's page follows when another device is chosen for the editor", async () => {
    await workbench.runCommand('Coppice: Inspect Model');
    await workbench.pickRow('models/fashion.onnx');
    const frame = await workbench.webview('fashion.onnx');
    const shown = frame.getByTestId('device').locator('option:checked');
    await shown.filter({ hasText: 'Raspberry Pi 4' }).waitFor({ state: 'attached' });
    await frame.getByTestId('device').selectOption({ index: 0 });
    workbench.configure({ 'coppice.devices': ['raspberry-pi-5'] });
    await shown.filter({ hasText: 'Raspberry Pi 5' }).waitFor({ state: 'attached' });
  });
};
