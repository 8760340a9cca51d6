/**
 * Kills a fine-tuning from the command line at random moments (kill −9) and lets it go on, until it has
 * been killed so many times; each result is held against that of a run that was left alone. Prints
 * markdown, and ends with 1 where a result differs.
 *
 *     npx tsx bench/train/kills.ts [--kills 20] [--model FILE] [--data FILE] [--args "…"] [--seed 1]
 *
 * Moments are drawn evenly over the time that a whole run takes, starting the program included. A run
 * that was killed and goes on may be killed again.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { seededRandom } from '#engine/linalg/random';

const example = resolve('examples/fashion');
const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    model: { type: 'string', default: join(example, 'models/fashion.onnx') },
    data: { type: 'string', default: join(example, 'data/fashion-calibration.npz') },
    args: {
      type: 'string',
      default:
        '--mean 0.286 --std 0.353 --epochs 2 --batch 32 --samples 192 --rate 0.01 --shift 2 --mirror --mixup 0.2 --checkpoint 0.3',
    },
    seed: { type: 'string', default: '1' },
  },
});

const cli = resolve('build/bench/cli.cjs');
const tuning = [
  'finetune',
  resolve(flags.model),
  '-o',
  'tuned.onnx',
  '--data',
  resolve(flags.data),
];

interface Run {
  readonly seconds: number;
  /** Absent where it was killed. */
  readonly hash?: string;
  /** What it said of an earlier one. */
  readonly resumed?: string;
}

async function main(): Promise<void> {
  mkdirSync('build/bench', { recursive: true });
  buildSync({
    entryPoints: ['cli/src/main.ts'],
    outfile: cli,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['onnxruntime-node', 'sharp'],
    logLevel: 'error',
  });
  const folder = mkdtempSync(join(tmpdir(), 'coppice-kills-'));
  try {
    const alone = await tune(folder);
    console.log(`Left alone: ${alone.seconds.toFixed(1)} s, result ${alone.hash!.slice(0, 16)}\n`);
    console.log('| killed after | went on | result |\n| --- | --- | --- |');
    const random = seededRandom(Number(flags.seed));
    let [kills, same, whole] = [0, 0, 0];
    while (kills < Number(flags.kills)) {
      const moments: number[] = [];
      const resumed: string[] = [];
      let run: Run;
      do {
        const isLast = kills >= Number(flags.kills);
        const moment = isLast ? Infinity : random.uniform() * alone.seconds;
        run = await tune(folder, moment);
        if (run.resumed) resumed.push(run.resumed);
        if (run.hash === undefined) {
          kills++;
          moments.push(moment);
        }
      } while (run.hash === undefined);
      if (moments.length === 0) continue;
      whole++;
      if (run.hash === alone.hash) same++;
      const shown = moments.map((moment) => `${moment.toFixed(1)} s`).join(', ');
      const verdict = run.hash === alone.hash ? 'identical' : '**differs**';
      console.log(`| ${shown} | ${resumed.at(-1) ?? 'from the start'} | ${verdict} |`);
    }
    console.log(`\n${kills} kills, ${whole} runs brought to their end, ${same} identical.`);
    if (same < whole) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param killAfter seconds. */
async function tune(folder: string, killAfter = Infinity): Promise<Run> {
  const output = join(folder, 'tuned.onnx');
  rmSync(output, { force: true });
  const args = [cli, ...tuning, ...flags.args.split(' '), '--seed', '7', '--json'];
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complaint] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (complaint = text.toString()));
  const timer = Number.isFinite(killAfter)
    ? setTimeout(() => child.kill('SIGKILL'), killAfter * 1000)
    : undefined;
  await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  const seconds = (performance.now() - start) / 1000;
  if (child.signalCode === 'SIGKILL') return { seconds };
  if (child.exitCode !== 0)
    throw new Error(`coppice has ended with ${child.exitCode}: ${complaint}`);
  const hash = createHash('sha256').update(readFileSync(output)).digest('hex');
  const report = JSON.parse(said) as { issues: { code: string; message: string }[] };
  const found = report.issues.find(({ code }) => code === 'training-resumed');
  return { seconds, hash, resumed: /behind step \d+ of \d+/.exec(found?.message ?? '')?.[0] };
}

void main();
