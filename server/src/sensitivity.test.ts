/** What the bundled server shows of a stored sensitivity table, and how it measures one. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Hover } from 'vscode-languageserver-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  analyzeSensitivityRequest,
  runFinishedNotification,
  sensitivityRequest,
  settingsNotification,
} from '#protocol/messages';
import type { SensitivityTable } from '#protocol/sensitivity';
import { readSettings } from '#protocol/settings';
import { sensitivityFile } from '#engine/recipe/sensitivity-folder';
import { sampleSensitivity } from '../../test/support/sample-sensitivity';
import { StdioClient, type ClientOptions } from '../testing/stdio-client';
import { exampleCopy } from '../testing/workspace-folder';
import { uriOf } from './workspace';

const measured = /int8 ✓/;

async function start(options: ClientOptions): Promise<StdioClient> {
  const client = await StdioClient.start(options);
  onTestFinished(() => client.stop());
  return client;
}

function modelOf(folder: string): string {
  return join(folder, 'models/fashion.onnx');
}

/** Writes a table where the command line writes it. */
function store(folder: string, table: unknown = sampleSensitivity): void {
  mkdirSync(join(folder, '.coppice'), { recursive: true });
  const file = sensitivityFile(modelOf(folder));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(table));
}

function measuredHints(client: StdioClient, uri: string): Promise<[number, string][]> {
  return client.until(
    'sensitivity',
    () => client.hints(uri),
    (hints) => hints.some(([, text]) => measured.test(text)),
  );
}

async function hoverAt(client: StdioClient, uri: string, line: number, character: number) {
  const position = { line, character };
  const hover = await client.ask<Hover>('textDocument/hover', { textDocument: { uri }, position });
  return (hover.contents as { value: string }).value;
}

describe('a stored sensitivity table', () => {
  it('is shown at every layer of the source and at globs of the recipe, worst first', async () => {
    const folder = exampleCopy();
    store(folder);
    const client = await start({ folder, settings: { advice: false } });
    const hints = await measuredHints(client, client.open('fashion_net.py'));
    const at = (line: number): string | undefined => hints.find(([each]) => each === line)?.[1];
    expect(at(35)).toMatch(/^int8 ✓ 41 dB · int4 ✗ 9 dB · 16 ch · /);
    expect(at(13)).toMatch(/^int8 ✓ 44–52 dB · int4 ~ 24–32 dB · 16–64 ch · /);
    expect(at(14)).not.toMatch(/int8/);
    const recipe = await measuredHints(client, client.open('coppice.yaml'));
    expect(recipe.map(([, text]) => text).join('\n')).toMatch(/int8 ✓ 51–54 dB · .* layers · /);
  });

  it('is told in the hover with the reason, and cannot break out of its place', async () => {
    const folder = exampleCopy();
    store(folder);
    const client = await start({ folder, settings: { advice: false } });
    const uri = client.open('fashion_net.py');
    await measuredHints(client, uri);
    const text = await hoverAt(client, uri, 34, 14);
    expect(text).toContain(
      '| `conv1` | 4 bits ✗ | 18 dB | 20 dB | 9 dB · 61.0 % | 28 dB · 89.0 % |',
    );
    expect(text).toContain('`conv1` at 4 bits: channel 3 reaches \\<b\\>12\\</b\\> times as far');
    expect(text).toContain('measured on 256 samples for onnxruntime-cpu');
  });

  it('is not shown where the setting is off, for another model, or where it is no table', async () => {
    const folder = exampleCopy();
    store(folder);
    const client = await start({ folder, settings: { advice: false } });
    const uri = client.open('fashion_net.py');
    await measuredHints(client, uri);
    const off = readSettings({ advice: false, sensitivity: false });
    await client.notify(settingsNotification, off);
    const gone = (hints: [number, string][]): boolean =>
      hints.length > 0 && !hints.some(([, text]) => measured.test(text));
    await client.until('no sensitivity', () => client.hints(uri), gone);

    const broken = exampleCopy();
    store(broken, { ...sampleSensitivity, layers: [{ name: 'conv1', widths: [{ bits: 8 }] }] });
    const other = await start({ folder: broken });
    const answer = await other.request(sensitivityRequest, { uri: uriOf(modelOf(broken)) });
    expect(answer.table).toBeNull();
  });
});

describe('measuring sensitivity', () => {
  it('is found when it comes later, though the editor reports no file', async () => {
    const folder = exampleCopy();
    mkdirSync(join(folder, '.coppice'));
    const client = await start({ folder, settings: { advice: false } });
    const uri = client.open('fashion_net.py');
    await client.until(
      'costs',
      () => client.hints(uri),
      (hints) => hints.some(([, text]) => text.includes('kMACs')),
    );
    // Asked for when it is quiet, hints must not be what makes the server look.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = client.refreshes;
    store(folder);
    await client.until(
      'a refresh',
      () => Promise.resolve(client.refreshes),
      (count) => count > before,
    );
    expect(await measuredHints(client, uri)).not.toEqual([]);
  });

  it('needs trust, and data or a recipe that names some', async () => {
    const folder = exampleCopy();
    const model = uriOf(modelOf(folder));
    const untrusted = await start({ folder, trusted: false });
    const asked = untrusted.request(analyzeSensitivityRequest, { token: 'a', model, data: null });
    await expect(asked).rejects.toThrow('not trusted');
    writeFileSync(join(folder, 'coppice.yaml'), 'model: models/fashion.onnx\n');
    const client = await start({ folder, trusted: true });
    const answer = await client.request(analyzeSensitivityRequest, {
      token: 'b',
      model,
      data: null,
    });
    expect(answer).toEqual({ started: false });
  });

  it('writes a table with the data of the recipe, and shows it', async () => {
    const folder = exampleCopy();
    const path = modelOf(folder);
    const recipe = join(folder, 'coppice.yaml');
    const text = readFileSync(recipe, 'utf8');
    writeFileSync(recipe, text.replace(/^data:$/m, 'data:\n  limit: 16'));
    const client = await start({ folder, trusted: true, settings: { advice: false } });
    const uri = client.open('fashion_net.py');
    await client.until(
      'hints',
      () => client.hints(uri),
      (hints) => hints.length > 0,
    );
    const params = { token: 'm', model: uriOf(path), data: null };
    expect(await client.request(analyzeSensitivityRequest, params)).toEqual({ started: true });
    const end = await client.heardOf(runFinishedNotification, ({ token }) => token === 'm');
    expect(end).toMatchObject({ outcome: 'done', report: null, message: null });
    expect(existsSync(sensitivityFile(path))).toBe(true);
    const { table } = await client.request(sensitivityRequest, { uri: uriOf(path) });
    expect(table!.samples).toBe(16);
    const names = (table as SensitivityTable).layers.map(({ name }) => name);
    expect(names).toContain('layer1.0.conv1');
    const hints = await measuredHints(client, uri);
    expect(hints.filter(([, text]) => /int4/.test(text)).length).toBeGreaterThan(4);
  }, 120_000);
});
