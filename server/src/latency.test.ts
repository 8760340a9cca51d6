/** Latencies in what the bundled server shows: hints, hovers, other devices, edited layers. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hover } from 'vscode-languageserver-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  devicesNotification,
  devicesRequest,
  latencyRequest,
  onnxTextRequest,
  settingsNotification,
} from '#protocol/messages';
import { readSettings } from '#protocol/settings';
import { knownDevices } from '#engine/device/profiles/index';
import { StdioClient } from '../testing/stdio-client';
import { example, exampleCopy, folderWith } from '../testing/workspace-folder';

/** A machine that somebody calibrated, too small for the model; its figures are those of another. */
const made = {
  id: 'made-up',
  name: 'Made-up Board',
  hardware: 'none',
  memoryBytes: 100_000,
  price: { perMonth: 73, currency: 'EUR', instance: 'm1', source: 'none', date: '2026-11-01' },
  profiles: [
    {
      ...structuredClone(knownDevices[0].profiles[0]),
      origin: 'calibrated',
      interval: { q10: -0.1, q90: 0.1, n: 9, basis: 'held-out probes' },
    },
  ],
};

/** A user with that machine; the server takes the folder from its environment. */
async function start(folder: string, devices: readonly string[]): Promise<StdioClient> {
  const home = mkdtempSync(join(tmpdir(), 'coppice-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'devices'));
  writeFileSync(join(home, 'devices', 'made-up.json'), JSON.stringify(made));
  const settings = { devices, advice: false };
  const client = await StdioClient.start({ folder, settings, env: { COPPICE_HOME: home } });
  onTestFinished(() => client.stop());
  return client;
}

function hintsWith(client: StdioClient, uri: string, pattern: RegExp): Promise<[number, string][]> {
  return client.until(
    String(pattern),
    () => client.hints(uri),
    (hints) => hints.some(([, text]) => pattern.test(text)),
  );
}

async function hover(client: StdioClient, uri: string, text: string, word: string) {
  const before = text.slice(0, text.indexOf(word) + 1).split('\n');
  const position = { line: before.length - 1, character: before.at(-1)!.length };
  const found = await client.ask<Hover>('textDocument/hover', { textDocument: { uri }, position });
  return (found.contents as { value: string }).value;
}

const source = readFileSync(join(example, 'fashion_net.py'), 'utf8');

describe('latencies', () => {
  it('stand where a model is named, at its layers and in its recipe, with their interval', async () => {
    const client = await start(example, ['made-up']);
    const at = await hintsWith(client, client.open('predict.py'), /Made-up Board/);
    expect(at[0][1]).toMatch(/^[\d.]+ ms ±11 % · Made-up Board · 0\.17 M params/);
    const layers = await hintsWith(client, client.open('fashion_net.py'), / ms · /);
    expect(new Map(layers).get(35)).toMatch(/^[\d.]+ ms · 16 ch · 113 kMACs/);
    expect(new Map(layers).get(13)).toMatch(/^Σ [\d.]+ ms · 16–64 ch/);
    const recipe = await hintsWith(client, client.open('coppice.yaml'), /Made-up Board/);
    expect(recipe.map(([, text]) => text)).toContainEqual(
      expect.stringMatching(/^Σ .* ms · 5 layers/),
    );
  });

  it('follow the devices that are chosen, several at once, without reading the model again', async () => {
    const client = await start(example, ['made-up']);
    const uri = client.open('predict.py');
    await hintsWith(client, uri, /Made-up Board/);
    const set = (devices: readonly string[]) =>
      client.notify(settingsNotification, readSettings({ devices, advice: false }));
    await set(['raspberry-pi-4', 'made-up']);
    const both = await hintsWith(client, uri, /\|/);
    expect(both[0][1]).toMatch(/ms .* · Raspberry Pi 4 \| [\d.]+ ms ±11 % · Made-up Board/);
    await client.heardOf(devicesNotification, ({ devices }) => devices.length === 2);
    await set(['nobody']);
    await client.heardOf(devicesNotification, ({ unknown }) => unknown.includes('nobody'));
    expect((await client.hints(uri))[0][1]).toMatch(/^0\.17 M params/);
  });

  it('are explained in hovers: interval, origin, memory and price', async () => {
    const client = await start(example, ['made-up']);
    const text = readFileSync(join(example, 'predict.py'), 'utf8');
    const uri = client.open('predict.py');
    await hintsWith(client, uri, /Made-up Board/);
    const card = await hover(client, uri, text, 'fashion.onnx');
    expect(card).toMatch(/\| Made-up Board \|.*\| calibrated \|.*does not fit.*EUR/);
    expect(card).toContain('measured on this very device');
    const net = client.open('fashion_net.py');
    await hintsWith(client, net, / ms · /);
    const layer = await hover(client, net, source, 'self.conv2 = nn.Conv2d');
    expect(layer).toMatch(/\| `layer3\.1\.conv2` \| \d.* ms · \d+ % \|/);
  });

  it('are those of the device that a recipe names', async () => {
    const recipe = readFileSync(join(example, 'coppice.yaml'), 'utf8');
    const folder = exampleCopy();
    const client = await start(folder, ['raspberry-pi-4']);
    const uri = client.open('coppice.yaml', `${recipe}device: made-up\n`);
    const hints = await hintsWith(client, uri, /^[\d.]+ ms ±11 %.*Made-up Board/);
    expect(hints.at(-1)![1]).toMatch(/^Made-up Board · ncnn.* · calibrated$/);
  });

  it('can be asked for on all devices there are', async () => {
    const client = await start(example, []);
    const { devices } = await client.request(devicesRequest, {});
    expect(devices[0].name).toBe('Made-up Board');
    const uri = client.uri('models/fashion.onnx');
    const { estimates } = await client.request(latencyRequest, { uri });
    expect(estimates.map(({ device }) => device.id)).toEqual(devices.map(({ id }) => id));
  });

  it('of a file that is no model are none, and harm nobody', async () => {
    const client = await start(folderWith({ 'bad.onnx': 'not a model' }), ['made-up']);
    const { estimates } = await client.request(latencyRequest, { uri: client.uri('bad.onnx') });
    expect(estimates).toEqual([]);
  });
});

describe('ONNX text', () => {
  it('has what the model and its layers cost, with and without devices', async () => {
    const text = `<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1, 4] x) => (float[1, 2] y)
<float[4, 2] "fc.weight" = {1, 0, 0, 1, 0.5, 0.5, -1, 2}, float[2] "fc.bias" = {0, 0.25}>
{
  [fc] h = Gemm (x, "fc.weight", "fc.bias")
  y = Relu (h)
}
`;
    const client = await start(folderWith({ 'tiny.onnxtxt': text }), ['made-up']);
    const uri = client.open('tiny.onnxtxt', text, 'onnx-text');
    const hints = await hintsWith(client, uri, /Made-up Board/);
    expect(hints.map(([line]) => line)).toEqual([2, 5]);
    expect(hints[0][1]).toMatch(/10 params · 8 MACs/);
    expect(hints[1][1]).toMatch(/^[\d.]+ ms · 2 ch · 8 MACs/);
    expect(await hover(client, uri, text, 'Gemm')).toContain('Made-up Board');
    expect(await hover(client, uri, text, 'float[1, 4] x')).toContain('calibrated');
  });

  it('of a binary model has them, too', async () => {
    const client = await start(example, ['made-up']);
    const model = client.uri('models/fashion.onnx');
    const { text } = await client.request(onnxTextRequest, { uri: model });
    const uri = `coppice-onnx-text:${new URL(model).pathname}txt?${encodeURIComponent(model)}`;
    client.openAt(uri, text, 'onnx-text');
    const hints = await hintsWith(client, uri, / ms · 16 ch · 113 kMACs/);
    expect(hints.length).toBeGreaterThan(12);
  });
});

describe('a layer whose numbers were edited', () => {
  it('shows its new cost beside the old one, and who must follow', async () => {
    const client = await start(example, ['made-up']);
    const edited = source.replace('nn.Conv2d(1, 16, 3', 'nn.Conv2d(1, 32, 3');
    const uri = client.open('fashion_net.py');
    await hintsWith(client, uri, / ms · /);
    client.change(uri, [{ text: edited }]);
    const hints = new Map(await hintsWith(client, uri, /→/));
    expect(hints.get(35)).toMatch(/^113 → 226 kMACs · [\d.]+ → [\d.]+ ms · exported: /);
    const text = await hover(client, uri, edited, 'self.conv1 = nn.Conv2d(1, 32');
    expect(text).toMatch(/\| channels out \| 16 \| 32 \|/);
    expect(text).toMatch(/must follow.*`layer1\.0\.conv1`/);
  });

  it('counts every block that a line makes', async () => {
    const client = await start(example, ['made-up']);
    const edited = source.replace('out_channels, 3, padding=1', 'out_channels, 5, padding=2');
    const uri = client.open('fashion_net.py', edited);
    const hints = new Map(await hintsWith(client, uri, /→/));
    expect(hints.get(15)).toMatch(/^9\.03 → 25\.1 MMACs · [\d.]+ → [\d.]+ ms · exported: Σ/);
  });
});
