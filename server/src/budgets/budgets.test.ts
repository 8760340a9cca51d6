/** Budgets as the bundled server shows them: problems, quick fixes, hovers and completion. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  CodeAction,
  CompletionItem,
  Diagnostic,
  Hover,
  TextEdit,
} from 'vscode-languageserver-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settingsNotification } from '#protocol/messages';
import { readSettings } from '#protocol/settings';
import { estimate } from '#engine/device/estimate';
import { findTarget } from '#engine/device/find-target';
import { knownDevices } from '#engine/device/profiles/index';
import { workloadOf } from '#engine/device/workload';
import { loadModel, saveModel } from '#engine/onnx/load';
import { parseModel } from '#engine/onnx/text/parse';
import { parseRecipe } from '#engine/recipe/parse';
import { LineIndex } from '../documents/line-index';
import { StdioClient, type ClientOptions } from '../../testing/stdio-client';
import { exampleModel, folderWith } from '../../testing/workspace-folder';

const source = 'import onnxruntime\nsession = onnxruntime.InferenceSession("models/net.onnx")\n';
const recipe = `model: models/net.onnx
device: raspberry-pi-4
steps:
  - prune: { macs: 0.5 }
output: build/small.onnx
budgets:
  - size: 300 kB
  - latency: 0.1 ms
`;
const files = { 'models/net.onnx': null, 'run.py': source, 'coppice.yaml': recipe };

async function start(options: ClientOptions): Promise<StdioClient> {
  const client = await StdioClient.start(options);
  onTestFinished(() => client.stop());
  return client;
}

/** The problems of a file as `line severity message`, once there are so many. */
async function problems(client: StdioClient, uri: string, count: number): Promise<string[]> {
  const found = await client.until(
    `${count} problems of ${uri}`,
    () => client.diagnostics.get(uri) ?? [],
    (all) => all.length === count,
  );
  return found.map(
    ({ range, severity, message }) => `${range.start.line + 1} ${severity} ${String(message)}`,
  );
}

function actionsFor(client: StdioClient, uri: string, diagnostic: Diagnostic) {
  const context = { diagnostics: [diagnostic] };
  const params = { textDocument: { uri }, range: diagnostic.range, context };
  return client.ask<CodeAction[]>('textDocument/codeAction', params);
}

describe('a model over its budget', () => {
  it('is a problem where it is named, with figures and the place of the budget', async () => {
    const client = await start({ folder: folderWith(files) });
    const uri = client.open('run.py');
    const found = await problems(client, uri, 2);
    expect(found).toContain(
      '2 1 net.onnx has 696 kB, 396 kB over its budget of 300 kB (coppice.yaml:7)',
    );
    expect(found.join('\n')).toMatch(
      /2 1 net\.onnx takes [\d.]+ ms [±−].*% on Raspberry Pi 4, [\d.]+ ms over its budget of 0\.1 ms \(coppice\.yaml:8\)/,
    );
    const [{ relatedInformation, range }] = client.diagnostics.get(uri)!;
    expect(relatedInformation?.[0].location.uri).toBe(client.uri('coppice.yaml'));
    expect(source.split('\n')[1].slice(range.start.character, range.end.character)).toBe(
      '"models/net.onnx"',
    );
  });

  it('is a problem at the model and at the budget in the recipe', async () => {
    const client = await start({ folder: folderWith(files) });
    const found = await problems(client, client.open('coppice.yaml'), 4);
    expect(found.map((each) => each.slice(0, 3)).sort()).toEqual(['1 1', '1 1', '7 1', '8 1']);
  });

  it('goes and comes with what the recipe says, saved or not, and what it makes', async () => {
    const folder = folderWith(files);
    const client = await start({ folder });
    const uri = client.open('run.py');
    await problems(client, uri, 2);
    const open = client.open('coppice.yaml');
    client.change(open, [{ text: recipe.replace('300 kB', '1 MB') }]);
    await problems(client, uri, 1);
    client.change(open, [{ text: recipe.replace('budgets:', 'budgets: []\nx:') }]);
    client.change(open, [{ text: recipe.slice(0, recipe.indexOf('budgets')) }]);
    await problems(client, uri, 0);
    client.change(open, [{ text: recipe }]);
    await problems(client, uri, 2);
    // The result is there: the budget is for it, and no more for the model it was made from.
    writeFileSync(join(folder, 'coppice.yaml'), recipe.replace('build/small', 'models/small'));
    await client.connection.sendNotification('textDocument/didClose', {
      textDocument: { uri: open },
    });
    writeTinyModel(join(folder, 'models/small.onnx'));
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [] });
    await problems(client, uri, 0);
    rmSync(join(folder, 'models/small.onnx'));
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [] });
    await problems(client, uri, 2);
  });

  it('follows settings: budgets, and how grave they are', async () => {
    const folder = folderWith({ 'models/net.onnx': null, 'run.py': source });
    const client = await start({ folder });
    const uri = client.open('run.py');
    const set = (settings: object) => client.notify(settingsNotification, readSettings(settings));
    const budgets = [
      { model: 'models/*.onnx', params: '100 k' },
      { model: 'x.onnx', macs: 1 },
    ];
    await set({ budgets });
    expect(await problems(client, uri, 1)).toEqual([
      '2 1 net.onnx has 170 k params, 70.2 k over its budget of 100 k (settings)',
    ]);
    await set({ budgets, diagnostics: { overBudget: 'off' } });
    await problems(client, uri, 0);
    await set({ budgets, diagnostics: { overBudget: 'hint' } });
    expect((await problems(client, uri, 1))[0]).toMatch(/^2 4 /);
  });

  it('holds files to the settings of their own folder', async () => {
    const folder = folderWith({
      ...{ 'models/net.onnx': null, 'run.py': source },
      ...{ 'other/models/net.onnx': null, 'other/run.py': source },
    });
    const client = await start({ folder });
    const other = { uri: client.uri('other'), name: 'other' };
    const event = { added: [other], removed: [] };
    await client.connection.sendNotification('workspace/didChangeWorkspaceFolders', { event });
    const settings = readSettings({ budgets: [{ params: '100 k' }], devices: [] });
    await client.notify(settingsNotification, {
      ...readSettings({ devices: [] }),
      folders: [{ uri: other.uri, settings }],
    });
    const uris = ['run.py', 'other/run.py'].map((path) => client.open(path));
    expect((await problems(client, uris[1], 1))[0]).toMatch(/over its budget of 100 k/);
    expect(await problems(client, uris[0], 0)).toEqual([]);
  });

  it('is milder the less certain it is', async () => {
    const { model } = loadModel(exampleModel);
    const { ms, lowMs, highMs } = estimate(
      workloadOf(model),
      findTarget('raspberry-pi-4', knownDevices),
    );
    const at = (limit: number): string => recipe.replace('0.1 ms', `${limit} ms`);
    const client = await start({ folder: folderWith(files) });
    const uri = client.open('run.py');
    const open = client.open('coppice.yaml');
    for (const [limit, severity] of [
      [(lowMs! + ms) / 2, 2],
      [(ms + highMs!) / 2, 3],
    ]) {
      client.change(open, [{ text: at(limit) }]);
      const wanted = (all: readonly Diagnostic[]): boolean =>
        all.some((each) => each.severity === severity && String(each.message).includes('takes'));
      await client.until('severity', () => client.diagnostics.get(uri) ?? [], wanted);
    }
  });
});

describe('the quick fix', () => {
  it('compresses the model to fit, from wherever it is named', async () => {
    const client = await start({ folder: folderWith(files), trusted: true });
    const uri = client.open('run.py');
    await problems(client, uri, 2);
    const diagnostic = client.diagnostics
      .get(uri)!
      .find(({ message }) => String(message).includes('takes'))!;
    const actions = await actionsFor(client, uri, diagnostic);
    const fix = actions.find(({ title }) => title.includes('0.1 ms'))!;
    expect(fix.title).toBe('Compress models/net.onnx to fit 0.1 ms on Raspberry Pi 4…');
    expect(fix.diagnostics?.length).toBeGreaterThan(0);
    const [model, target] = fix.command!.arguments as [string, string];
    expect(model).toBe(client.uri('models/net.onnx'));
    expect(JSON.parse(target)).toEqual({ latency: '0.1 ms', device: 'raspberry-pi-4' });
    const size = actions.find(({ title }) => title.includes('300 kB'))!;
    const { bytes } = JSON.parse((size.command!.arguments as string[])[1]) as { bytes: number };
    expect(bytes).toBeGreaterThan(0.4);
    expect(bytes).toBeLessThan(300 / 696);
  });

  it('lets the recipe aim for the budget, in the place of what it aims for', async () => {
    const client = await start({ folder: folderWith(files), trusted: true });
    const uri = client.open('coppice.yaml');
    await problems(client, uri, 4);
    const at = client.diagnostics.get(uri)!.find(({ range }) => range.start.line === 7)!;
    const actions = await actionsFor(client, uri, at);
    const aim = actions.find(({ title }) => title.startsWith('Let prune aim'))!;
    const text = applied(recipe, aim.edit!.changes![uri]);
    const { recipe: aimed, problems: wrong } = parseRecipe(text);
    expect(wrong).toEqual([]);
    expect(aimed?.steps[0]).toMatchObject({ prune: { latency: '0.1 ms' } });
  });

  it('is not offered where nothing is trusted', async () => {
    const client = await start({ folder: folderWith(files), trusted: false });
    const uri = client.open('run.py');
    await problems(client, uri, 2);
    expect(await actionsFor(client, uri, client.diagnostics.get(uri)![0])).toEqual([]);
  });
});

describe('a file of budgets', () => {
  const name = 'coppice.budgets.yaml';
  const text = 'budgets:\n  - model: models/*.onnx\n    latncy: 1 ms\n    size: 300 kB\n';

  it('is checked, explained and completed', async () => {
    const client = await start({ folder: folderWith({ ...files, [name]: text }) });
    const uri = client.open(name);
    expect((await problems(client, uri, 1))[0]).toBe(
      '3 1 Unknown key `latncy`. Did you mean `latency`?',
    );
    const ask = <R>(method: string, line: number, character: number) =>
      client.ask<R>(method, { textDocument: { uri }, position: { line, character } });
    const hover = await ask<Hover>('textDocument/hover', 3, 6);
    expect((hover.contents as { value: string }).value).toContain('bytes on disk');
    const keys = await ask<CompletionItem[]>('textDocument/completion', 2, 6);
    expect(keys.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['latency', 'device', 'params']),
    );
    client.change(uri, [{ text: 'budgets:\n  - device: \n' }]);
    const devices = await ask<CompletionItem[]>('textDocument/completion', 1, 12);
    expect(devices.map(({ label }) => label)).toContain('raspberry-pi-4');
    client.change(uri, [{ text: 'device: raspbery-pi-4\nbudgets: [{ size: 300 kB }]\n' }]);
    const found = await problems(client, uri, 2);
    expect(found[0]).toContain('Did you mean `raspberry-pi-4`?');
    expect(found[1]).toContain('2 1 net.onnx has 696 kB, 396 kB over its budget of 300 kB');
  });
});

/** A model that keeps to every budget here: it computes next to nothing. */
function writeTinyModel(path: string): void {
  const { model } = parseModel(
    '<ir_version: 8, opset_import: ["" : 17]>\ng (float[1] x) => (float[1] y) { y = Relu (x) }\n',
  );
  saveModel(model, path);
}

function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineIndex(text);
  return edits.reduceRight((all, { range, newText }) => {
    return (
      all.slice(0, lines.offsetAt(range.start)) + newText + all.slice(lines.offsetAt(range.end))
    );
  }, text);
}
