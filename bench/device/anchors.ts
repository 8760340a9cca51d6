/**
 * How well a few timed models make up for times that nobody published: for every device, rates from
 * the prior of all others (no run of the device among them), corrected by k of its models, against
 * the rest of its models. The other models are known from other devices, as in practice those of a
 * user are not, so that figures for new architectures lie between these and those of `published.ts`.
 * `--write` stores how devices differ, and these figures, for `coppice anchor`.
 */

import { writeFileSync } from 'node:fs';
import { anchoredRates } from '../../engine/src/device/fit/anchored-rates';
import type { Differences } from '../../engine/src/device/fit/differences';
import { priorOf } from '../../engine/src/device/fit/fleet';
import { seededRandom } from '../../engine/src/linalg/random';
import { errorFigures, type Estimated } from './errors';
import { fitPublished, published } from './fit-published';
import { measurementsExist } from './ncnn-data';

/** Draws of models for each run and each number of anchors. */
const draws = 5;

const file = new URL('../../engine/src/device/fit/devices-differ.json', import.meta.url);

function study(kind: 'cpu' | 'vulkan'): Differences {
  const data = published(kind);
  const { devices, terms, layout, prior: all } = fitPublished(data);
  const intervals: Differences['intervals'][number][] = [];
  const random = seededRandom(1);
  console.log(`\n### ${kind}: ${data.runs.length} runs\n`);
  console.log('| anchors | median % | p90 % | ±10 % | ±20 % | log q10 | log q90 |');
  console.log('| --: | --: | --: | --: | --: | --: | --: |');
  for (const count of [0, 1, 2, 3, 5, 8]) {
    const pairs = data.runs.flatMap((run, at) => {
      const others = devices.filter((_, i) => data.runs[i].deviceKey !== run.deviceKey);
      const prior = priorOf(others);
      const models = [...data.times[at]].map(([model, ms]) => ({
        model,
        ms,
        terms: terms.get(model)!,
      }));
      return Array.from({ length: draws }, () => {
        const drawn = random.shuffle([...models]);
        const rates = anchoredRates(drawn.slice(0, count), prior.mean, prior.covariance).map(
          Math.exp,
        );
        const shares = new Float64Array(rates.length);
        return drawn.slice(count).map(({ model, ms, terms: each }): Estimated => {
          return { model, measured: ms, estimated: each.time(rates, shares) };
        });
      }).flat();
    });
    const { median, p90, within10, within20, q10, q90 } = errorFigures(pairs);
    if (count > 0) intervals.push({ anchors: count, q10: digits(q10), q90: digits(q90) });
    const shares = [median, p90, within10, within20].map((each) => (100 * each).toFixed(1));
    console.log(`| ${[count, ...shares, q10.toFixed(3), q90.toFixed(3)].join(' | ')} |`);
  }
  return {
    rates: [...layout.classes, 'memory', 'overhead'],
    covariance: Array.from(all.covariance, digits),
    intervals,
  };
}

/** Four digits are more than 192 devices tell. */
function digits(value: number): number {
  return Number(value.toPrecision(4));
}

if (measurementsExist) {
  const found = { cpu: study('cpu'), vulkan: study('vulkan') };
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify(found)}\n`);
} else console.log('The measurements in ../shared/devices are absent.');
