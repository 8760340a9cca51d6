// Runs the benchmarks one after the other, so that none disturbs another, and prints their tables.
// `npm run bench` runs all; `npm run bench -- inspect server` only those. Nothing is written: figures
// that are quoted go into docs/results.md by hand, with the machine they were measured on.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const benchmarks = [
  ...['inspect', 'server', 'scoring', 'pruning', 'allocation', 'peers', 'sparsity'],
  ...['decompose', 'simplify', 'advice', 'quantize', 'train/steps'],
];
const asked = process.argv.slice(2).filter((name) => !name.startsWith('-'));
const chosen = asked.length > 0 ? asked : benchmarks;

const unknown = chosen.filter((name) => !existsSync(`bench/${name}.ts`));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${benchmarks.join(', ')}.`);
  process.exit(2);
}
if (!existsSync('dist/cli.js')) spawnSync('node', ['scripts/build.mjs'], { stdio: 'inherit' });

const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
console.log(`Node ${process.version}, ${machine}\n`);
let missed = 0;
for (const name of chosen) {
  console.log(`## ${name}\n`);
  const { status } = spawnSync('npx', ['tsx', `bench/${name}.ts`], { stdio: 'inherit' });
  if (status !== 0) missed++;
  console.log('');
}
process.exitCode = missed > 0 ? 1 : 0;
