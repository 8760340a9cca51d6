/**
 * What the editor waits for: new hints after a keystroke in a 5,000-line Python file whose models are
 * known, and the first hints of a freshly opened workspace with 50 models. Measured from outside, with
 * the bundled server over streams, JSON-RPC included. Exits with 1 when a bound is missed.
 *
 *     npm run build && npx tsx bench/server.ts
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StdioClient } from '../server/testing/stdio-client';

interface Figure {
  readonly what: string;
  readonly milliseconds: number;
  readonly bound: number;
}

const root = resolve(__dirname, '..');
const shared = resolve(root, '../shared/models');
const example = join(root, 'examples/fashion');
const models = 50;
const lines = 5_000;
const keystrokes = 300;
const rounds = 5;

void main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-bench-'));
  try {
    const names = fillWorkspace(folder);
    const figures = [...(await measureFirstHints(folder, names)), ...(await measureTyping(folder))];
    print(figures);
    if (figures.some(({ milliseconds, bound }) => milliseconds > bound)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies of real models under 50 names, and a Python file that loads each. */
function fillWorkspace(folder: string): string[] {
  mkdirSync(join(folder, 'models'));
  const home = existsSync(shared) ? shared : join(example, 'models');
  const sources = readdirSync(home).filter((name) => name.endsWith('.onnx'));
  const names = Array.from({ length: models }, (_, i) => `models/model-${i}.onnx`);
  names.forEach((name, i) => {
    copyFileSync(join(home, sources[i % sources.length]), join(folder, name));
  });
  copyFileSync(join(example, 'models/fashion.onnx'), join(folder, 'fashion.onnx'));
  const loads = names.map((name, i) => `session_${i} = ort.InferenceSession("${name}")`);
  writeFileSync(join(folder, 'load.py'), ['import onnxruntime as ort', ...loads, ''].join('\n'));
  writeFileSync(join(folder, 'large.py'), largeSource(names));
  return names;
}

/** Ordinary code of 5,000 lines: classes, functions, layers, and a model named in every hundredth line. */
function largeSource(names: readonly string[]): string {
  const text = [
    'import onnxruntime as ort',
    'from pathlib import Path',
    'from torch import nn',
    'ROOT = Path(__file__).parent',
  ];
  for (let block = 0; text.length < lines; block++) {
    if (block % 10 === 0) {
      text.push(
        `class Block${block}(nn.Module):`,
        '    def __init__(self, width: int):',
        '        super().__init__()',
        `        self.conv_a${block} = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)`,
        `        self.norm_a${block} = nn.BatchNorm2d(2 * width)`,
        `        self.head_a${block} = nn.Sequential(nn.ReLU(), nn.Linear(2 * width, 10))`,
      );
    }
    text.push(
      `def step_${block}(values, scale=${block}, *, label="step"):`,
      `    """Scales what is above ${block}, and counts the rest."""`,
      '    total, rest = 0, []',
      '    for index, value in enumerate(values):',
      `        if value > ${block} and (index % 3 == 0 or label.startswith("s")):`,
      '            total += scale * value ** 2 / (1 + abs(value))',
      '        else:',
      '            rest.append({"index": index, "value": round(value, 3)})',
      `    print(f"{label} {total:.2f} after {len(rest)} of {len(values)}")`,
      ...(block % 10 === 0
        ? [
            `    session = ort.InferenceSession(str(ROOT / "${names[(block / 10) % names.length]}"))`,
          ]
        : []),
      '    return total, rest',
      '',
    );
  }
  return `${text.slice(0, lines).join('\n')}\n`;
}

async function measureTyping(folder: string): Promise<Figure[]> {
  const client = await StdioClient.start({ folder });
  const uri = client.open('large.py');
  await client.until(
    'hints',
    () => client.hints(uri),
    (hints) => hints.length > 0,
  );
  // Warm: every model is known, and nothing is read in the background.
  await settle(client, uri);
  const times: number[] = [];
  for (let i = 0; i < keystrokes; i++) {
    const at = { line: (i * 977) % (lines - 2), character: 0 };
    const typed = i % 3 === 0 ? '#' : i % 3 === 1 ? 'x' : '\n';
    const start = performance.now();
    client.change(uri, [{ range: { start: at, end: at }, text: typed }]);
    const hints = await client.hints(uri);
    times.push(performance.now() - start);
    if (hints.length === 0) throw new Error('The hints are gone.');
    const end = typed === '\n' ? { line: at.line + 1, character: 0 } : { ...at, character: 1 };
    client.change(uri, [{ range: { start: at, end }, text: '' }]);
    await client.hints(uri);
  }
  await client.stop();
  return [
    {
      what: `keystroke → hints, ${lines} lines, median`,
      milliseconds: quantile(times, 0.5),
      bound: 30,
    },
    {
      what: `keystroke → hints, ${lines} lines, p95`,
      milliseconds: quantile(times, 0.95),
      bound: 80,
    },
  ];
}

/** Waits until the server has nothing more to read. */
async function settle(client: StdioClient, uri: string): Promise<void> {
  for (let before = -1, same = 0; same < 4;) {
    await new Promise((done) => setTimeout(done, 250));
    await client.hints(uri);
    same = client.refreshes === before ? same + 1 : 0;
    before = client.refreshes;
  }
}

async function measureFirstHints(folder: string, names: readonly string[]): Promise<Figure[]> {
  const first: number[] = [];
  const all: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const client = await StdioClient.start({ folder });
    const uri = client.open('load.py');
    await client.until(
      'first hints',
      () => client.hints(uri),
      (hints) => hints.length > 0,
    );
    first.push(performance.now() - start);
    await client.until(
      'all hints',
      () => client.hints(uri),
      (hints) => hints.length >= names.length,
    );
    all.push(performance.now() - start);
    await client.stop();
  }
  return [
    {
      what: `start → first hints, ${models} models, slowest of ${rounds}`,
      milliseconds: Math.max(...first),
      bound: 2000,
    },
    {
      what: `start → hints at all ${models} models, median`,
      milliseconds: quantile(all, 0.5),
      bound: Infinity,
    },
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}

function print(figures: readonly Figure[]): void {
  console.log('| what | ms | bound | |');
  console.log('| --- | ---: | ---: | --- |');
  for (const { what, milliseconds, bound } of figures) {
    const limit = Number.isFinite(bound) ? String(bound) : '';
    const verdict = limit === '' ? '' : milliseconds <= bound ? 'met' : 'MISSED';
    console.log(`| ${what} | ${milliseconds.toFixed(1)} | ${limit} | ${verdict} |`);
  }
}
