/** Training as a person sees it: curves that grow, a run that is stopped, survives a reload and goes on. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { expectAccessible, picture } from '../browser';
import type { Scenario } from './scenarios';
import { runLimit } from './workbench';

const recipe = (epochs: number): string => `model: ../models/fashion.onnx
task: classification
data:
  path: ../data/fashion-calibration.npz
  validation: ../data/fashion-test.npz
  mean: 0.286
  std: 0.353
  limit: 256
steps:
  - finetune: { epochs: ${epochs}, batch: 32, rate: 0.005, mirror: true }
output: fashion-tuned.onnx
`;

export const training: Scenario = (suite, workbench) => {
  const { page } = workbench;
  const folder = join(workbench.folder, 'tuning');

  const begin = async (epochs: number): Promise<Frame> => {
    rmSync(join(folder, '.coppice'), { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'coppice.yml'), recipe(epochs));
    await workbench.openFile('tuning', 'coppice.yml');
    await workbench.runCommand('Coppice: Run Recipe');
    const frame = await workbench.webview('Compressing fashion.onnx', runLimit);
    await frame.getByRole('slider', { name: 'Step' }).waitFor({ timeout: runLimit });
    return frame;
  };
  const stepOf = async (frame: Frame): Promise<number> => {
    const text = await frame.getByText(/^Step \d+ of \d+/).innerText();
    return Number(/\d+/.exec(text)![0]);
  };

  suite.test('a training shows its curves as they grow, and can be cancelled', async () => {
    const frame = await begin(400);
    const first = await stepOf(frame);
    const grown = async () => ((await stepOf(frame)) > first + 5 ? true : undefined);
    await workbench.until('the curve to grow', grown, runLimit);
    await picture(page, 'training-live-light');
    await expectAccessible(frame);
    await frame.getByRole('button', { name: 'Cancel' }).click();
    const stopped = await workbench.webview('Stopped: compressing fashion.onnx');
    await stopped.getByText(/What was finished is kept/).waitFor();
    await stopped.getByRole('slider', { name: 'Step' }).waitFor();
    await picture(page, 'training-stopped-light');
  });

  suite.test('the page of a run survives a reload, and leads on to the report', async () => {
    await begin(20);
    await workbench.runCommand('Developer: Reload Window');
    await page.waitForEvent('load');
    const frame = await workbench.webview('Stopped: compressing fashion.onnx');
    await frame.getByRole('slider', { name: 'Step' }).waitFor();
    await frame.getByRole('button', { name: 'Continue' }).click();
    const report = await workbench.webview('fashion.onnx → fashion-tuned.onnx', runLimit);
    await report.getByText('Trained for 20 epochs').first().waitFor();
    await report.getByRole('slider', { name: 'Step' }).scrollIntoViewIfNeeded();
    await picture(page, 'training-report-light');
    await expectAccessible(report);
  });
};
