/**
 * How well times of whole models, as they are published, predict those of other models: strict
 * leave-one-model-out on the measurements of ncnn. `--write` makes the profiles of the engine.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { costOf } from '../../engine/src/device/fit/cost';
import { publishedDevices } from './devices';
import { errorFigures, type ErrorFigures } from './errors';
import { leaveOneModelOut } from './leave-one-out';
import { fitPublished, published, type PublishedKind } from './fit-published';
import { measurementsExist } from './ncnn-data';
import { devicesOf, type FittedRun } from './profiles';

const profiles = new URL('../../engine/src/device/profiles/', import.meta.url);

interface Study {
  readonly title: string;
  readonly runs: ReadonlyMap<string, FittedRun>;
  readonly pooled: ErrorFigures;
}

function study(title: string, kind: PublishedKind): Study {
  const data = published(kind);
  const pairs = leaveOneModelOut(data.models, data.times);
  const fleet = fitPublished(data);
  const runs = data.runs.map((run, index): [string, FittedRun] => [
    run.id,
    { run, cost: costOf(fleet, index), error: errorFigures(pairs[index]) },
  ]);
  return { title, pooled: errorFigures(pairs.flat()), runs: new Map(runs) };
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
  const cpu = study('CPU, float', 'cpu');
  const vulkan = study('Vulkan, float', 'vulkan');
  const int8 = study('CPU, int8', 'cpu-int8');
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
