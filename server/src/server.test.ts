/** The bundled server, spoken to over streams as an editor does. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CodeLens, CompletionItem, Hover } from 'vscode-languageserver-protocol';
import { onTestFinished, describe, expect, it } from 'vitest';
import {
  cancelRunNotification,
  compareRequest,
  compressRequest,
  inspectRequest,
  linkRequest,
  modelsRequest,
  onnxTextRequest,
  refreshHintsNotification,
  runFinishedNotification,
  runProgressNotification,
  settingsNotification,
  statusNotification,
  trustGrantedNotification,
} from '#protocol/messages';
import { readSettings } from '#protocol/settings';
import { StdioClient, type ClientOptions } from '../testing/stdio-client';
import { example, exampleCopy, folderWith } from '../testing/workspace-folder';

async function start(options: ClientOptions): Promise<StdioClient> {
  const client = await StdioClient.start(options);
  onTestFinished(() => client.stop());
  return client;
}

const some = (found: readonly unknown[]): boolean => found.length > 0;

async function hintsOf(client: StdioClient, uri: string): Promise<[number, string][]> {
  return client.until('hints', () => client.hints(uri), some);
}

async function lensesOf(client: StdioClient, uri: string): Promise<string[]> {
  const lenses = await client.ask<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } });
  return lenses.map(({ range, command }) => `${range.start.line + 1} ${command!.title}`);
}

async function hoverAt(client: StdioClient, uri: string, text: string, word: string) {
  const offset = text.indexOf(word) + 1;
  const before = text.slice(0, offset).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)!.length };
  const hover = await client.ask<Hover | null>('textDocument/hover', {
    textDocument: { uri },
    position,
  });
  return hover ? (hover.contents as { value: string }).value : null;
}

const exampleText = (file: string): string => readFileSync(join(example, file), 'utf8');
const card = '0.17 M params · 16.6 MMACs · 98 % prunable';

describe('the example', () => {
  it.each([
    ['predict.py', 11],
    ['serve.ts', 6],
    ['deploy.json', 3],
    ['coppice.yaml', 2],
  ])('says in %s what the model costs', async (file, line) => {
    const client = await start({ folder: example });
    expect(await hintsOf(client, client.open(file))).toContainEqual([line, card]);
  });

  it('says at every layer of the source what it costs', async () => {
    const client = await start({ folder: example, settings: { advice: false } });
    const uri = client.open('fashion_net.py');
    const hints = new Map(await hintsOf(client, uri));
    const text = exampleText('fashion_net.py').split('\n');
    const made = text.flatMap((line, i) => (/nn\.(Conv2d|Linear)\(/.test(line) ? [i + 1] : []));
    expect([...hints.keys()]).toEqual(expect.arrayContaining(made));
    expect(hints.get(35)).toBe('16 ch · 113 kMACs · 1 %');
    expect(hints.get(13)).toBe('16–64 ch · 0.90–1.81 MMACs · Σ 7.23 MMACs · 5×');
    expect(hints.get(38)).toBe('10 layers · 6.42 MMACs · 39 %');
    expect(hints.get(40)).toBe('10 ch · 640 MACs · <1 % · pinned');
    expect(await lensesOf(client, uri)).toContain('30 Layers of models/fashion.onnx');
  });

  it('gives the card of a model and the layers of a line in hovers', async () => {
    const client = await start({ folder: example, settings: {} });
    const uri = client.open('predict.py');
    await hintsOf(client, uri);
    const model = await hoverAt(client, uri, exampleText('predict.py'), 'fashion.onnx');
    expect(model).toContain('opset 13');
    expect(model).toContain('| `layer1.0.conv1` | Conv |');
    expect(model).toContain('its channels leave the model at output');
    expect(model).toContain('command:coppice.inspect?');
    const source = client.open('fashion_net.py');
    await hintsOf(client, source);
    const text = exampleText('fashion_net.py');
    const line = await hoverAt(client, source, text, 'self.conv2 = nn.Conv2d');
    expect(line).toContain('| `layer3.1.conv2` | Conv |');
    expect(await hoverAt(client, source, text, 'import torch')).toBeNull();
  });

  it('offers to inspect, to compress and to run', async () => {
    const client = await start({ folder: example });
    expect(await lensesOf(client, client.open('predict.py'))).toEqual([
      '11 Inspect',
      '11 Compress…',
    ]);
    expect(await lensesOf(client, client.open('coppice.yaml'))).toContain('2 Run');
  });

  it('helps with the recipe', async () => {
    const client = await start({ folder: example, settings: { advice: false } });
    const uri = client.open('coppice.yaml');
    const hints = await client.until('hints', () => client.hints(uri), some);
    expect(hints.map(([, text]) => text)).toContain('5 layers · 6.42 MMACs · 64 ch');
    const text = exampleText('coppice.yaml');
    expect(await hoverAt(client, uri, text, 'criterion')).toContain('`fpgm`');
    expect(await hoverAt(client, uri, text, 'layer3.*')).toContain('layer3.1.conv2');
    const draft = client.open(
      'coppice.yaml',
      'model: models/fashion.onnx\nsteps:\n  - prune:\n      crit',
    );
    const items = await client.ask<CompletionItem[]>('textDocument/completion', {
      textDocument: { uri: draft },
      position: { line: 3, character: 10 },
    });
    expect(items.map(({ label }) => label)).toContain('criterion');
  });
});

describe('requests', () => {
  it('inspect, compare, print, list and link models', async () => {
    const folder = exampleCopy();
    const client = await start({ folder });
    const uri = client.uri('models/fashion.onnx');
    const inspection = await client.request(inspectRequest, { uri });
    expect(inspection.totals.params).toBe(170_202);
    const comparison = await client.request(compareRequest, { before: uri, after: uri });
    expect(comparison.layers).toHaveLength(inspection.layers.length);
    const { text } = await client.request(onnxTextRequest, { uri });
    expect(text).toContain('Conv');
    expect(text).toContain('"elided"');
    const { models } = await client.request(modelsRequest, {});
    expect(models).toMatchObject([{ uri, label: 'models/fashion.onnx', params: 170_202 }]);
    const source = client.open('fashion_net.py');
    const link = await client.request(linkRequest, { uri: source });
    expect(link.linked).toBe(uri);
    expect(link.candidates[0].reason).toBe('12 of 12 attribute names of ResidualBlock, FashionNet');
  });

  it('refuse what is no model with a sentence', async () => {
    const folder = folderWith({ 'broken.onnx': 'not a model' });
    const client = await start({ folder });
    for (const [message, params] of [
      [inspectRequest, { uri: client.uri('missing.onnx') }],
      [inspectRequest, { uri: client.uri('broken.onnx') }],
      [onnxTextRequest, { uri: client.uri('missing.onnx') }],
      [inspectRequest, { uri: 'untitled:x.onnx' }],
    ] as const) {
      await expect(client.ask(message.method, params)).rejects.toThrow(/\.onnx/);
    }
    expect((await client.request(modelsRequest, {})).models).toHaveLength(1);
  });
});

describe('diagnostics', () => {
  const text =
    'import onnxruntime as ort\nort.InferenceSession("gone.onnx")\nort.InferenceSession("bad.onnx")\n';

  it('name models that are missing or broken, and follow the files', async () => {
    const folder = folderWith({ 'main.py': text, 'bad.onnx': 'not a model' });
    const client = await start({ folder });
    const uri = client.open('main.py');
    const of = () => client.diagnostics.get(uri) ?? [];
    const both = await client.until('both', of, (found) => found.length === 2);
    expect(both.map(({ code, severity, range }) => [code, severity, range.start.line])).toEqual([
      ['missing-model', 2, 1],
      ['broken-model', 1, 2],
    ]);
    writeFileSync(join(folder, 'gone.onnx'), readFileSync(join(example, 'models/fashion.onnx')));
    await client.ask('textDocument/codeLens', { textDocument: { uri } });
    void client.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: client.uri('gone.onnx'), type: 1 }],
    });
    await client.until('one', of, (found) => found.length === 1);
    expect(await client.until('hint', () => client.hints(uri), some)).toEqual([[2, card]]);
    rmSync(join(folder, 'gone.onnx'));
    void client.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: client.uri('gone.onnx'), type: 3 }],
    });
    await client.until('both again', of, (found) => found.length === 2);
    expect(await client.hints(uri)).toEqual([]);
  });

  it('are as grave as the settings say', async () => {
    const folder = folderWith({ 'main.py': text, 'bad.onnx': 'not a model' });
    const settings = { diagnostics: { missingModel: 'off', brokenModel: 'hint' } };
    const client = await start({ folder, settings });
    const uri = client.open('main.py');
    const of = () => client.diagnostics.get(uri) ?? [];
    const found = await client.until('one', of, (all) => all.length > 0);
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([['broken-model', 4]]);
  });

  it('stand where a recipe is wrong', async () => {
    const recipe =
      'model: gone.onnx\nsteps:\n  - prune:\n      macs: 0.5\n      criterio: l2\noutput: x.onnx\n';
    const client = await start({ folder: folderWith({ 'coppice.yaml': recipe }) });
    const uri = client.open('coppice.yaml');
    const found = await client.until('all', () => client.diagnostics.get(uri) ?? [], some);
    expect(found.map(({ code, range }) => [code, range.start.line])).toEqual([
      ['recipe', 4],
      ['missing-model', 0],
    ]);
    expect(found[0].message).toContain('Did you mean `criterion`?');
  });
});

describe('settings', () => {
  it('switch each kind of hint and the lenses', async () => {
    const client = await start({ folder: example });
    const [model, layer, recipe] = ['predict.py', 'fashion_net.py', 'coppice.yaml'].map((file) =>
      client.open(file),
    );
    for (const uri of [model, layer, recipe]) await hintsOf(client, uri);
    const set = (section: object) =>
      client.notify(settingsNotification, readSettings({ devices: [], ...section }));
    await set({ inlayHints: { model: false }, codeLens: false });
    expect(await client.hints(model)).toEqual([]);
    expect(await client.hints(layer)).not.toEqual([]);
    expect(await lensesOf(client, model)).toEqual([]);
    await set({ inlayHints: { layer: false } });
    expect(await client.hints(layer)).toEqual([]);
    expect(await client.hints(recipe)).not.toEqual([]);
    await set({ inlayHints: { recipe: false } });
    expect(await client.hints(recipe)).toEqual([]);
    expect(await client.hints(model)).toEqual([[11, card]]);
  });

  it('name further folders for models, and the model of a source', async () => {
    const folder = folderWith({
      'src/main.py': 'import onnxruntime as ort\nort.InferenceSession("deep.onnx")\n',
      'src/net.py': exampleText('fashion_net.py'),
      'far/away/deep.onnx': null,
    });
    const settings = { modelRoots: ['far/away'], links: { 'src/net.py': 'far/away/deep.onnx' } };
    const client = await start({ folder, settings });
    expect(await hintsOf(client, client.open('src/main.py'))).toEqual([[2, card]]);
    const uri = client.open('src/net.py');
    await hintsOf(client, uri);
    const { linked } = await client.request(linkRequest, { uri });
    expect(linked).toBe(pathToFileURL(join(folder, 'far/away/deep.onnx')).href);
  });
});

describe('an untrusted workspace', () => {
  it('has hints, but nothing that runs or leads out of it', async () => {
    const folder = folderWith({
      'main.py': 'import onnxruntime as ort\nort.InferenceSession("net.onnx")\n',
      'net.onnx': null,
      'coppice.yaml': exampleText('coppice.yaml').replace('models/fashion.onnx', 'net.onnx'),
    });
    const client = await start({ folder, trusted: false });
    const uri = client.open('main.py');
    const recipe = client.open('coppice.yaml');
    expect(await hintsOf(client, uri)).toEqual([[2, card]]);
    expect(await lensesOf(client, uri)).toEqual(['2 Inspect']);
    expect(await lensesOf(client, recipe)).not.toContain('2 Run');
    await expect(client.request(compressRequest, { token: 't', recipe })).rejects.toThrow(
      /trusted/,
    );
    await client.notify(trustGrantedNotification, {});
    expect(await lensesOf(client, uri)).toEqual(['2 Inspect', '2 Compress…']);
  });
});

describe('a run', () => {
  it('tells of its progress, ends with a report, and offers it above the recipe', async () => {
    const folder = exampleCopy();
    const client = await start({ folder });
    const uri = client.open('coppice.yaml');
    const { run } = await client.request(compressRequest, { token: 'one', recipe: uri });
    const again = client.request(compressRequest, { token: 'two', recipe: uri });
    await expect(again).rejects.toThrow('is going on already');
    await client.heardOf(runProgressNotification, ({ token }) => token === 'one');
    const finished = await client.heardOf(runFinishedNotification, ({ token }) => token === 'one');
    expect(finished).toMatchObject({ outcome: 'done', message: null });
    expect(finished.report).toContain(run);
    expect(await lensesOf(client, uri)).toContain('2 Show last report');
  });

  it('made from a target takes the data of a recipe nearby, and can be cancelled', async () => {
    const folder = exampleCopy();
    const client = await start({ folder });
    const model = client.uri('models/fashion.onnx');
    const params = { token: 'quick', model, target: { macs: 0.4 } };
    const { folder: home } = await client.request(compressRequest, params);
    expect(home.startsWith(join(folder, '.coppice', 'runs'))).toBe(true);
    await client.heardOf(runProgressNotification, ({ token }) => token === 'quick');
    await client.notify(cancelRunNotification, { token: 'quick' });
    const { outcome } = await client.heardOf(
      runFinishedNotification,
      ({ token }) => token === 'quick',
    );
    expect(outcome).toBe('cancelled');
  });

  it('that cannot be says why', async () => {
    const client = await start({ folder: folderWith({ 'coppice.yaml': 'steps: []\n' }) });
    const params = { token: 't', recipe: client.uri('coppice.yaml') };
    await expect(client.request(compressRequest, params)).rejects.toThrow('line 1');
  });
});

describe('the server', () => {
  it('tells what it is doing, and reads everything again when asked', async () => {
    const client = await start({ folder: example });
    const uri = client.open('predict.py');
    await hintsOf(client, uri);
    await client.heardOf(statusNotification, ({ state }) => state === 'idle');
    await client.notify(refreshHintsNotification, {});
    expect(await hintsOf(client, uri)).toEqual([[11, card]]);
  });

  it('answers about files that were never opened, and about garbage, without dying', async () => {
    const client = await start({ folder: example });
    const uri = client.uri('never.py');
    expect(await client.hints(uri)).toEqual([]);
    const garbage = client.open(
      'garbage.py',
      `${'('.repeat(5000)}".onnx"\0\uD800 InferenceSession("a.onnx`,
    );
    await client.hints(garbage);
    client.change(garbage, [
      { range: { start: { line: 90, character: 9 }, end: { line: 0, character: 0 } }, text: 'x' },
    ]);
    await client.hints(garbage);
    expect(await hintsOf(client, client.open('predict.py'))).toEqual([[11, card]]);
  });
});
