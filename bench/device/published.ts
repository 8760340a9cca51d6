/**
 * How well times of whole models, as they are published, predict those of other models: strict
 * leave-one-model-out on the measurements of ncnn. `--write` makes the profiles of the engine.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fitFleet } from '../../engine/src/device/fit/fleet';
import { layoutOf } from '../../engine/src/device/fit/terms';
import { publishedDevices } from './devices';
import { errorFigures, type ErrorFigures } from './errors';
import { leaveOneModelOut } from './leave-one-out';
import { measurementsExist, publishedModels, publishedRuns, timesOf, type Run } from './ncnn-data';
import { devicesOf, type FittedRun } from './profiles';

const profiles = new URL('../../engine/src/device/profiles/', import.meta.url);

interface Study {
  readonly title: string;
  readonly runs: ReadonlyMap<string, FittedRun>;
  readonly pooled: ErrorFigures;
}

/** @param least models that a run must have to be fitted. */
function study(title: string, backend: Run['backend'], int8: boolean, least: number): Study {
  const models = publishedModels(int8 ? 'int8' : 'float');
  const runs = publishedRuns().filter(
    (run) => run.backend === backend && timesOf(run, models.keys()).size >= least,
  );
  const times = runs.map((run) => timesOf(run, models.keys()));
  const pairs = leaveOneModelOut(models, times);
  const fleet = fitFleet(layoutOf(models.values()), models, times);
  return {
    title,
    pooled: errorFigures(pairs.flat()),
    runs: new Map(
      runs.map((run, index) => [run.id, { run, fleet, index, error: errorFigures(pairs[index]) }]),
    ),
  };
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function row(name: string, { median, p90, within10, within20, rank, q10, q90, n }: ErrorFigures) {
  const shares = [median, p90, within10, within20].map(percent);
  return `| ${[name, ...shares, ...[rank, q10, q90].map((each) => each.toFixed(3)), n].join(' | ')} |`;
}

function print({ title, runs, pooled }: Study): void {
  console.log(`\n### ${title}: ${runs.size} runs\n`);
  console.log('| device | median % | p90 % | ±10 % | ±20 % | rank | log q10 | log q90 | n |');
  console.log('| --- | --: | --: | --: | --: | --: | --: | --: | --: |');
  console.log(row('all', pooled));
  for (const device of publishedDevices) {
    for (const { run: id } of device.runs) {
      const found = runs.get(id);
      if (found) console.log(row(`${device.name}, ${found.run.threads} threads`, found.error));
    }
  }
}

if (measurementsExist) {
  const cpu = study('CPU, float', 'cpu', false, 20);
  const vulkan = study('Vulkan, float', 'vulkan', false, 20);
  const int8 = study('CPU, int8', 'cpu', true, 6);
  for (const each of [cpu, vulkan, int8]) print(each);
  const devices = devicesOf(new Map([...cpu.runs, ...vulkan.runs]), int8.runs);
  const stale = devices.filter(({ id, ...device }) => {
    const [file, text] = [
      new URL(`${id}.json`, profiles),
      `${JSON.stringify({ id, ...device }, null, 2)}\n`,
    ];
    if (process.argv.includes('--write')) writeFileSync(file, text);
    return readFileSync(file, 'utf8') !== text;
  });
  if (stale.length > 0) {
    console.log(`\nOut of date: ${stale.map(({ id }) => id).join(', ')}. Run with --write.`);
    process.exitCode = 1;
  }
} else console.log('The measurements in ../shared/devices are absent.');
