/** What the bundled server advises, and what its code actions make of texts, over streams. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CodeAction, Hover } from 'vscode-languageserver-protocol';
import { onTestFinished, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settingsNotification, trustGrantedNotification } from '#protocol/messages';
import { readSettings } from '#protocol/settings';
import { parseRecipe } from '#engine/recipe/parse';
import { dimsOf, floats, withElements } from '#engine/ir/tensor';
import { readModelFile } from '#engine/onnx/read';
import { writeModelFile } from '#engine/onnx/write';
import { LineIndex } from './documents/line-index';
import { StdioClient, type ClientOptions } from '../testing/stdio-client';
import { example, exampleCopy, exampleModel, folderWith } from '../testing/workspace-folder';

const golden = resolve(__dirname, '../test-golden/advice.json');
const advised = /prune \d|Tucker|SVD|leave/;
const exampleText = (file: string): string => readFileSync(join(example, file), 'utf8');

async function start(options: ClientOptions): Promise<StdioClient> {
  const client = await StdioClient.start(options);
  onTestFinished(() => client.stop());
  return client;
}

/** Writes the example's model with eight dead channels in one layer and sixteen in another. */
function writeDeadChannels(path: string): void {
  const { model } = readModelFile(exampleModel);
  const dead: Readonly<Record<string, number>> = { 'layer2.1': 8, 'layer3.1': 16 };
  const graph = model.graph!;
  graph.initializer = graph.initializer.map((tensor) => {
    const [, block] =
      /^(layer\d\.\d)\.(conv1\.weight|bn1\.(weight|bias))$/.exec(tensor.name!) ?? [];
    if (block === undefined || !(block in dead)) return tensor;
    const data = floats(tensor).slice();
    const dims = dimsOf(tensor);
    return withElements(tensor, dims, data.fill(0, 0, (data.length / dims[0]) * dead[block]));
  });
  writeModelFile(model, path);
}

/** The example with that model. */
function copyWithDeadChannels(): string {
  const folder = exampleCopy();
  writeDeadChannels(join(folder, 'models/fashion.onnx'));
  return folder;
}

/** Hints once the advice is known. */
function advisedHints(client: StdioClient, uri: string): Promise<[number, string][]> {
  return client.until(
    'advice',
    () => client.hints(uri),
    (hints) => hints.some(([, text]) => advised.test(text)),
  );
}

function rangeOf(text: string, part: string) {
  const from = text.indexOf(part);
  if (from < 0) throw new Error(`no ${part}`);
  return new LineIndex(text).rangeOf({ from: from + 1, to: from + 1 });
}

async function actionsAt(client: StdioClient, uri: string, text: string, part: string) {
  return client.ask<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri },
    range: rangeOf(text, part),
    context: { diagnostics: client.diagnostics.get(uri) ?? [] },
  });
}

/** The text after an action. */
function after(text: string, uri: string, action: CodeAction | undefined): string {
  if (!action?.edit?.changes?.[uri]) throw new Error(`no edit: ${JSON.stringify(action)}`);
  const lines = new LineIndex(text);
  return action.edit.changes[uri]
    .map(({ range, newText }, i) => ({
      from: lines.offsetAt(range.start),
      to: lines.offsetAt(range.end),
      newText,
      i,
    }))
    .sort((a, b) => b.from - a.from || b.i - a.i)
    .reduce((now, { from, to, newText }) => now.slice(0, from) + newText + now.slice(to), text);
}

describe('advice', () => {
  it('is as the golden file says, at every layer, in the recipe and followed', async () => {
    const client = await start({ folder: copyWithDeadChannels() });
    const source = client.open('fashion_net.py');
    const hints = await advisedHints(client, source);
    const recipe = client.open('coppice.yaml');
    const inRecipe = await advisedHints(client, recipe);
    const text = exampleText('coppice.yaml');
    const actions = await actionsAt(client, recipe, text, 'steps:');
    const followed = after(
      text,
      recipe,
      actions.find(({ title }) => title.startsWith('Follow')),
    );
    const found = {
      hints: hints.map(([line, said]) => `${line}: ${said}`),
      recipe: inRecipe.map(([line, said]) => `${line}: ${said}`),
      followed: followed.split('\n'),
    };
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, `${JSON.stringify(found, null, 2)}\n`);
    expect(existsSync(golden)).toBe(true);
    expect(found).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
    expect(parseRecipe(followed).problems).toEqual([]);
    expect(followed).toContain('# runtimes compute channels in blocks');
  });

  it('says in the hover what it would save, and that it is an estimate', async () => {
    const client = await start({ folder: copyWithDeadChannels() });
    const uri = client.open('fashion_net.py');
    await advisedHints(client, uri);
    const text = exampleText('fashion_net.py');
    const { start: position } = rangeOf(text, 'self.conv1 = nn.Conv2d(in_channels');
    const hover = await client.ask<Hover>('textDocument/hover', {
      textDocument: { uri },
      position,
    });
    const { value } = hover.contents as { value: string };
    expect(value).toContain('would best suffer');
    expect(value).toContain('an estimate from the weights alone');
  });

  it('is not given where it is switched off or the workspace is not trusted', async () => {
    const client = await start({ folder: exampleCopy(), trusted: false });
    const uri = client.open('fashion_net.py');
    const plain = (hints: [number, string][]) => hints.every(([, text]) => !advised.test(text));
    const first = await client.until(
      'hints',
      () => client.hints(uri),
      (hints) => hints.length > 0,
    );
    expect(plain(first)).toBe(true);
    await client.notify(trustGrantedNotification, {});
    await advisedHints(client, uri);
    await client.notify(settingsNotification, readSettings({ advice: false }));
    expect(plain(await client.hints(uri))).toBe(true);
  });
});

describe('code actions', () => {
  it('write the advice for the layers of a line into the recipe of the model', async () => {
    const client = await start({ folder: copyWithDeadChannels() });
    const source = client.open('fashion_net.py');
    await advisedHints(client, source);
    const text = exampleText('fashion_net.py');
    const actions = await actionsAt(client, source, text, 'self.conv1 = nn.Conv2d(in_channels');
    const titles = actions.map(({ title }) => title);
    expect(titles).toContain('Prune layer2.1.conv1 by 25 % in coppice.yaml');
    expect(titles.every((title) => title.endsWith('in coppice.yaml'))).toBe(true);
    const uri = client.uri('coppice.yaml');
    const before = exampleText('coppice.yaml');
    for (const action of actions) {
      const changed = after(before, uri, action);
      expect(parseRecipe(changed).problems).toEqual([]);
      expect(parse(changed)).not.toEqual(parse(before));
      // Every line that was there is there still.
      for (const line of before.split('\n')) expect(changed.split('\n')).toContain(line);
    }
  });

  it('offer to write a recipe where there is none', async () => {
    const folder = folderWith({ 'net.py': exampleText('fashion_net.py') });
    writeDeadChannels(join(folder, 'net.onnx'));
    const client = await start({ folder });
    const uri = client.open('net.py');
    await advisedHints(client, uri);
    const text = exampleText('fashion_net.py');
    const [action] = await actionsAt(client, uri, text, 'self.conv1 = nn.Conv2d(in_channels');
    expect(action.command?.command).toBe('coppice.compress');
  });

  it('mend a misspelt key and a glob that matches no layer', async () => {
    const recipe =
      'model: net.onnx\nsteps:\n  - prune:\n      macs: 0.5\n      criterio: l2 # which\n      layers:\n        layer2.0.conv11: { ratio: 0.1 }\noutput: x.onnx\n';
    const client = await start({
      folder: folderWith({ 'coppice.yaml': recipe, 'net.onnx': null }),
    });
    const uri = client.open('coppice.yaml');
    await client.until(
      'both findings',
      () => client.diagnostics.get(uri) ?? [],
      (found) => found.some(({ code }) => code === 'no-such-layer') && found.length > 1,
    );
    const key = await actionsAt(client, uri, recipe, 'criterio');
    expect(key[0]).toMatchObject({ title: 'Replace by `criterion`', kind: 'quickfix' });
    expect(key[0].diagnostics).toHaveLength(1);
    expect(after(recipe, uri, key[0])).toBe(recipe.replace('criterio:', 'criterion:'));
    const glob = await actionsAt(client, uri, recipe, 'layer2.0.conv11');
    expect(after(recipe, uri, glob[0])).toBe(recipe.replace('conv11', 'conv1'));
  });
});
