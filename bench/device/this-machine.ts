/**
 * Calibrates this machine and predicts whole models that the fit never saw, each timed beside the
 * same reference network as the probes, so that a machine that changes its speed from minute to
 * minute is not held against the estimate (figures without that are printed, too).
 *
 *   npx tsx bench/device/this-machine.ts [--threads 2] [--quick] MODEL … [COMPRESSED=ORIGINAL …]
 */

import { parseArgs } from 'node:util';
import { basename, dirname } from 'node:path';
import { calibrate } from '#engine/device/calibrate/calibrate';
import { medianOf } from '#engine/device/calibrate/fit';
import { measure, type Measurement } from '#engine/device/calibrate/measure';
import { openReference } from '#engine/device/calibrate/reference';
import { estimate } from '#engine/device/estimate';
import { localHost } from '#engine/device/host/local';
import { workloadOf } from '#engine/device/workload';
import { loadModel } from '#engine/onnx/load';
import { errorFigures, type Estimated } from './errors';

interface Row {
  readonly name: string;
  readonly measured: number;
  readonly raw: number;
  readonly estimated: number;
  readonly uncovered: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
});
const threads = Number(values.threads);

async function run(): Promise<void> {
  const host = await localHost();
  const started = performance.now();
  const device = await calibrate(host, { id: 'bench', threads: [threads], quick: values.quick });
  const [profile] = device.profiles;
  console.log(`calibrated in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const { error, interval } = profile;
  console.log(`on held-out probes: ${JSON.stringify({ ...error, ...interval })}`);

  const pairs = positionals.filter((each) => each.includes('=')).map((each) => each.split('='));
  const files = [...new Set(positionals.flatMap((each) => each.split('=')))];
  const reference = await openReference(host);
  const measured = new Map<string, Measurement>();
  for (const file of files) {
    const { model } = loadModel(file);
    const options = { threads, reference, budgetMs: 1000, directory: dirname(file) };
    measured.set(file, await measure(host, model, options));
  }
  await reference.close();
  await host.close();

  const now = medianOf([...measured.values()].map(({ referenceMs }) => referenceMs));
  const usual = profile.referenceMs ?? now;
  console.log(
    `reference: ${usual.toFixed(3)} ms while calibrated, ${now.toFixed(3)} ms afterwards`,
  );
  const rows = new Map<string, Row>();
  for (const [file, { ms, referenceMs }] of measured) {
    const workload = workloadOf(loadModel(file).model);
    const found = estimate(workload, { device, profile });
    const { ms: estimated, uncovered } = found;
    const name = basename(file, '.onnx');
    rows.set(file, { name, measured: ms * (usual / referenceMs), raw: ms, estimated, uncovered });
  }
  for (const { name, measured: ms, estimated, uncovered } of rows.values()) {
    const figures = [ms.toFixed(3), estimated.toFixed(3), percent(estimated / ms - 1)];
    console.log(`| ${name} | ${figures.join(' | ')} | ${percent(uncovered)} |`);
  }
  const covered = [...rows.values()].filter(({ uncovered }) => uncovered < 0.2);
  const timed = (of: (row: Row) => number) =>
    summary(
      covered.map((row) => ({ model: row.name, measured: of(row), estimated: row.estimated })),
    );
  console.log(timed((row) => row.measured));
  console.log(`as timed: ${timed((row) => row.raw)}`);

  const ratios = pairs.map(([small, large]) => {
    const [a, b] = [rows.get(small)!, rows.get(large)!];
    const [truth, found] = [a.measured / b.measured, a.estimated / b.estimated];
    const wrong = (truth - 1) * (found - 1) < 0 ? ' | wrong sign' : '';
    console.log(`| ${a.name} | ${truth.toFixed(3)} | ${found.toFixed(3)}${wrong} |`);
    return Math.abs(found / truth - 1);
  });
  if (ratios.length > 0) {
    console.log(
      `ratios: median ${percent(medianOf(ratios))}, worst ${percent(Math.max(...ratios))}`,
    );
  }
}

function summary(pairs: readonly Estimated[]): string {
  const { n, median, p90, within10, rank } = errorFigures(pairs);
  return `${n} models: median ${percent(median)}, p90 ${percent(p90)}, within 10 % ${percent(within10)}, rank ${rank.toFixed(3)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

void run();
