/** A stored sensitivity table in the editor: at the layers, over them, and on the model's page. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sensitivityFile } from '#engine/recipe/sensitivity-folder';
import { sampleSensitivity } from '../../support/sample-sensitivity';
import { expectAccessible, picture } from '../browser';
import type { Scenario } from './scenarios';

export const sensitivity: Scenario = (suite, workbench) => {
  const { page } = workbench;

  const store = (): void => {
    const file = sensitivityFile(join(workbench.folder, 'models', 'fashion.onnx'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(sampleSensitivity));
  };

  suite.test('stored sensitivity is shown at each layer as soon as it is there', async () => {
    rmSync(join(workbench.folder, '.coppice', 'sensitivity'), { recursive: true, force: true });
    await workbench.openFile('fashion_net.py');
    await workbench.line(/self\.conv1 = nn\.Conv2d\(1, 16.*113 kMACs/);
    store();
    await workbench.line(/self\.conv1 = nn\.Conv2d\(1, 16.*int8 ✓ 41 dB · int4 ✗ 9 dB · 16 ch/);
    await picture(page, 'hints-sensitivity-light');
  });

  suite.test('hovering over a layer tells its sensitivity', async () => {
    store();
    await workbench.openFile('fashion_net.py');
    await workbench.line(/int4 ✗ 9 dB/);
    const hover = await workbench.hover(/^padding$/, 'quantized to');
    assert.match(await hover.innerText(), /4 bits [✗~][^]*channel 3 reaches/);
    await picture(page, 'hover-sensitivity-light');
  });

  suite.test("the model's page shows sensitivity as a heat strip", async () => {
    store();
    await workbench.runCommand('Coppice: Inspect Model');
    await workbench.pickRow('models/fashion.onnx');
    const frame = await workbench.webview('fashion.onnx');
    await frame.getByRole('grid', { name: 'Sensitivity to quantization' }).waitFor();
    await picture(page, 'sensitivity-page-light');
    await expectAccessible(frame);
  });
};
