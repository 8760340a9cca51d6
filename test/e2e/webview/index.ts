/** The page bundle in a real browser: as a stand-alone report, and in front of a made-up extension host. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { reportHtml } from '#engine/report/html';
import type { FromPage, ToPage } from '#protocol/webview';
import { expectAccessible, picture, root } from '../browser';
import { sampleComparison, sampleInspection } from '../sample-models';
import { sampleSensitivity } from '../../support/sample-sensitivity';
import { sampleReport } from '../sample-report';
import { sampleTrainedReport } from '../sample-training';
import { Suite } from '../suite';

const viewport = { width: 1000, height: 900 };

export function webviewSuite(browser: Browser): Suite {
  let page: Page | undefined;
  const suite = new Suite('webview', async (name) => {
    if (page !== undefined) await picture(page, name);
    return [];
  });
  const bundle = readFileSync(join(root, 'dist', 'webview', 'report.js'), 'utf8');

  const open = async (html: string, options: BrowserContextOptions = {}, init?: () => void) => {
    await page?.context().close();
    const context = await browser.newContext({ viewport, ...options });
    page = await context.newPage();
    if (init !== undefined) await page.addInitScript(init);
    await page.route('https://page.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: html }),
    );
    await page.goto('https://page.test/');
    return page;
  };
  const openReport = (options: BrowserContextOptions = {}) =>
    open(reportHtml(sampleReport(), bundle), options);

  const openSensitivity = async (options: BrowserContextOptions = {}) => {
    const host = await open(hostDocument(bundle), options, fakeEditor);
    const inspection = sampleInspection();
    const message: ToPage = {
      type: 'show',
      content: { kind: 'inspection', inspection, sensitivity: sampleSensitivity },
      source: { kind: 'inspection', model: 'file:///models/fashion.onnx' },
    };
    await host.evaluate((data) => window.postMessage(data, '*'), message);
    await host.getByRole('grid').waitFor();
    return host;
  };

  const looks = {
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    'high-contrast': { colorScheme: 'dark', forcedColors: 'active' },
  } as const;
  for (const [name, options] of Object.entries(looks)) {
    suite.test(`stand-alone report in ${name} has no accessibility violation`, async () => {
      const report = await openReport(options);
      await report.getByRole('heading', { level: 1 }).waitFor();
      await picture(report, `report-${name}`, true);
      await expectAccessible(report);
    });
  }

  suite.test('a stand-alone report has no buttons that need an editor', async () => {
    const report = await openReport();
    await report.getByRole('heading', { level: 1 }).waitFor();
    assert.equal(await report.getByRole('button', { name: 'Open Result' }).count(), 0);
  });

  suite.test('says what changed, and that it was verified', async () => {
    const report = await openReport();
    const expected = [
      'fashion.onnx → fashion-small.onnx',
      'Verified.',
      '−1.40 points',
      /2\.4e-7 of the largest output/,
      /layer3\.2\.conv1 is at its max_ratio/,
      '9 of 19 became smaller.',
    ];
    for (const text of expected) await report.getByText(text).first().waitFor({ timeout: 5_000 });
  });

  suite.test('a failed verification is said in words at the top', async () => {
    const verification = {
      loads: true,
      shapesMatch: true,
      maxRelativeError: 0.3,
      maxAbsError: 1,
      messages: [],
    };
    const report = await open(reportHtml(sampleReport({ verification }), bundle));
    await report.getByText('Not verified: see below.').waitFor();
    await report.getByText('Failed.').waitFor();
  });

  suite.test('the table of groups sorts from the keyboard', async () => {
    const report = await openReport();
    const table = report.getByRole('table', { name: 'Groups' });
    const header = table.getByRole('button', { name: 'After' });
    await header.focus();
    await report.keyboard.press('Enter');
    const column = () => table.locator('tbody td:nth-child(5)').allInnerTexts();
    const down = (await column()).map(Number);
    assert.deepEqual(
      down,
      [...down].sort((a, b) => b - a),
    );
    await report.keyboard.press('Enter');
    const up = (await column()).map(Number);
    assert.deepEqual(
      up,
      [...up].sort((a, b) => a - b),
    );
    assert.notDeepEqual(up, down);
    const sort = await table.getByRole('columnheader', { name: 'After' }).getAttribute('aria-sort');
    assert.equal(sort, 'ascending');
  });

  suite.test('arrow keys move between the bars, and the measure can be changed', async () => {
    const report = await openReport();
    const bars = report.locator('coppice-bars .bar');
    await bars.first().focus();
    await report.keyboard.press('ArrowDown');
    const focused = () =>
      report.evaluate(() => {
        let element: Element | null = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element?.getAttribute('aria-label') ?? '';
      });
    assert.match(await focused(), /^layer1\.0\.conv1: .* → /);
    await report.keyboard.press('End');
    assert.match(await focused(), /^fc: /);
    await report.getByRole('radio', { name: 'Channels' }).click();
    await bars.first().focus();
    await report.keyboard.press('End');
    assert.equal(await focused(), 'fc: 10');
  });

  suite.test('the chart is also a table', async () => {
    const report = await openReport();
    await report.getByRole('button', { name: 'Show as Table' }).click();
    const rows = report.getByRole('table', { name: 'Layers' }).locator('tbody tr');
    assert.equal(await rows.count(), sampleReport().layers.length);
    await expectAccessible(report);
  });

  suite.test('messages go both ways, and the page remembers what it showed', async () => {
    const host = await open(hostDocument(bundle), {}, fakeEditor);
    const sent = () =>
      host.evaluate(() => (window as unknown as { sent: FromPage[] }).sent) as Promise<FromPage[]>;
    assert.deepEqual(await sent(), [{ type: 'ready' }]);
    const message: ToPage = {
      type: 'show',
      content: { kind: 'report', report: sampleReport() },
      source: { kind: 'report', report: 'file:///runs/1/report.json' },
    };
    await host.evaluate((data) => window.postMessage(data, '*'), message);
    await host.getByRole('button', { name: 'Open Recipe' }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'action', action: 'openRecipe' });
    const state = await host.evaluate(() => (window as unknown as { state: unknown }).state);
    assert.deepEqual(state, message);
    await host.evaluate(() => window.postMessage({ type: 'show', content: 'nonsense' }, '*'));
    await host
      .getByRole('heading', { level: 1, name: 'fashion.onnx → fashion-small.onnx' })
      .waitFor();
  });

  const others: readonly Extract<ToPage, { type: 'show' }>[] = [
    {
      type: 'show',
      content: { kind: 'inspection', inspection: sampleInspection() },
      source: { kind: 'inspection', model: 'file:///models/fashion.onnx' },
    },
    {
      type: 'show',
      content: { kind: 'comparison', comparison: sampleComparison() },
      source: { kind: 'comparison', before: 'file:///a.onnx', after: 'file:///b.onnx' },
    },
  ];
  for (const message of others) {
    suite.test(
      `the ${message.content.kind} of a model has no accessibility violation`,
      async () => {
        const host = await open(hostDocument(bundle), {}, fakeEditor);
        await host.evaluate((data) => window.postMessage(data, '*'), message);
        await host.getByRole('heading', { level: 1 }).waitFor();
        await picture(host, `${message.content.kind}-light`, true);
        await expectAccessible(host);
      },
    );
  }

  for (const [name, options] of Object.entries(looks)) {
    suite.test(`the heat strip in ${name} has no accessibility violation`, async () => {
      const host = await openSensitivity(options);
      await picture(host, `sensitivity-${name}`);
      await expectAccessible(host);
    });
  }

  suite.test('arrow keys go over the heat strip, which says what each cell means', async () => {
    const host = await openSensitivity();
    const grid = host.getByRole('grid', { name: 'Sensitivity to quantization' });
    assert.equal(await grid.getByRole('gridcell').count(), 2 * sampleSensitivity.layers.length);
    await grid
      .getByRole('gridcell', { name: 'conv1, 8 bits: takes it, 41 dB', exact: true })
      .focus();
    await host.keyboard.press('ArrowDown');
    await grid
      .locator('[tabindex="0"][aria-label="conv1, 4 bits: spoils the output, 9 dB"]')
      .waitFor();
    await host.getByText('Why: channel 3 reaches <b>12</b> times as far').waitFor();
    await host.keyboard.press('End');
    await host.getByText(/output 39 dB and 92\.0 % top-1 accuracy with only this layer/).waitFor();
  });

  suite.test('a report says what each layer takes here', async () => {
    const report = await openReport();
    const rows = report.getByRole('table', { name: 'Time per layer' }).locator('tbody tr');
    assert.equal(await rows.count(), sampleReport().layers.length);
    const said = await report.getByText('One inference on one thread').innerText();
    assert.match(said.replace(/\s+/g, ' '), /takes 3\.82 ms before and 2\.19 ms after/);
  });

  const openTraining = (options: BrowserContextOptions = {}) =>
    open(reportHtml(sampleTrainedReport(), bundle), options);

  for (const [name, options] of Object.entries(looks)) {
    suite.test(`the curves of a training in ${name} have no accessibility violation`, async () => {
      const report = await openTraining(options);
      await report.getByRole('slider', { name: 'Step' }).scrollIntoViewIfNeeded();
      await picture(report, `training-${name}`);
      await expectAccessible(report);
    });
  }

  suite.test('keys go over the curves of a training, whose numbers are said', async () => {
    const report = await openTraining();
    await report.getByText('With fashion-calibration.npz (2,000 samples)').waitFor();
    const slider = report.getByRole('slider', { name: 'Step' });
    await slider.focus();
    await report.keyboard.press('Home');
    const said = /^Step 1 of 186, epoch 1: loss 1\.15, 81\.0 % right, rate 0\.02$/;
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', said);
    await report.getByText(said).waitFor();
    await report.keyboard.press('End');
    await report.getByText(/^Step 186 of 186, epoch 3/).waitFor();
    const plot = report.getByRole('img', { name: 'Loss by epoch' });
    const box = (await plot.boundingBox())!;
    await report.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await report.getByText(/^Step \d\d of 186, epoch 2/).waitFor();
  });

  suite.test('the curves of a training are also tables', async () => {
    const report = await openTraining();
    const step = report.locator('coppice-curve');
    await step.getByRole('button', { name: 'Show as Table' }).click();
    const rows = (name: string) => report.getByRole('table', { name }).locator('tbody tr');
    assert.equal(await rows('Epochs').count(), 3);
    assert.equal(await rows('Steps').count(), 186);
    assert.match(await rows('Epochs').last().innerText(), /^3\s+0\.3.*91\.4 %$/s);
    await expectAccessible(report);
  });

  suite.test('a failure of the host is shown as a sentence', async () => {
    const host = await open(hostDocument(bundle), {}, fakeEditor);
    const message: ToPage = {
      type: 'failed',
      message: 'report.json is not a report of Coppice.',
      source: { kind: 'report', report: 'file:///x/report.json' },
    };
    await host.evaluate((data) => window.postMessage(data, '*'), message);
    await host.getByRole('alert').getByText('report.json is not a report of Coppice.').waitFor();
  });

  return suite;
}

function hostDocument(bundle: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><body><script>${bundle.replaceAll('</script', '<\\/script')}</script>`;
}

/** Runs in the page, before its script. */
function fakeEditor(): void {
  const target = window as unknown as Record<string, unknown>;
  const sent: unknown[] = [];
  target.sent = sent;
  target.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => sent.push(message),
    getState: () => target.state,
    setState: (state: unknown) => (target.state = state),
  });
}
