/**
 * The alignment trap: MobileNetV2 with its expansion channels cut to arbitrary counts does fewer
 * multiply-accumulates in more time; the same shares cut to multiples of 8 or 16 are faster. Each cut
 * is timed here, in turns with the original, and estimated for the devices named.
 *
 *   npx tsx bench/device/alignment.ts [MODEL] [DEVICE …]
 */

import { resolve } from 'node:path';
import { analyzeChannels, type ChannelAnalysis } from '#engine/channels/analyze';
import { cutChannels } from '#engine/channels/cut';
import { findTarget } from '#engine/device/find-target';
import { loadDevices } from '#engine/device/store';
import { inspect } from '#engine/inspect/inspect';
import { loadModel } from '#engine/onnx/load';
import type { Model } from '#engine/ir/model';
import { seededRandom } from '#engine/linalg/random';
import { estimateOf } from '#engine/passes/latency-goal';
import { measureLayers } from '#engine/report/layer-times';
import { startRuntime } from '#engine/runtime/client';

const [path = '../shared/models/mobilenet_v2_1.0_224-fp32.onnx', ...named] = process.argv.slice(2);
const devices = named.length > 0 ? named : ['raspberry-pi-4/ncnn-cpu-t1', 'this-machine'];
const seed = 4;

/** Random shares of the expansions' channels, the same ones whatever the counts are rounded to. */
function expansionsCut(analysis: ChannelAnalysis, multiple: number): Model {
  const random = seededRandom(seed);
  const cuts = new Map<string, number[]>();
  for (const { id, units, pinned, layers } of analysis.groups) {
    if (pinned || !layers.some((layer) => layer.includes('expand/'))) continue;
    const wanted = Math.round(units * (0.4 + 0.55 * random.uniform()));
    const kept = multiple === 1 ? odd(wanted) : Math.round(wanted / multiple) * multiple;
    const gone = units - Math.max(multiple, Math.min(units, kept));
    cuts.set(
      id,
      Array.from({ length: gone }, (_, unit) => unit),
    );
  }
  return cutChannels(analysis, cuts);
}

/** What ranking by scores leaves is rarely a multiple of anything. */
function odd(count: number): number {
  return count % 2 === 0 ? count - 1 : count;
}

async function main(): Promise<void> {
  const { model } = loadModel(resolve(path));
  const analysis = analyzeChannels(model);
  const variants = [
    { title: 'original', model },
    { title: 'arbitrary counts', model: expansionsCut(analysis, 1) },
    { title: 'multiples of 8', model: expansionsCut(analysis, 8) },
    { title: 'multiples of 16', model: expansionsCut(analysis, 16) },
  ];
  const macs = variants.map((each) => inspect(each.model, { path }).totals.macs);
  const known = (await loadDevices()).devices;
  const targets = devices.flatMap((name) => {
    try {
      return [findTarget(name, known)];
    } catch {
      console.error(`${name} is not known; see \`coppice devices\` and \`coppice calibrate\`.`);
      return [];
    }
  });
  const runtime = await startRuntime();
  try {
    const times = await measureLayers(
      runtime,
      variants.map((each) => each.model),
      { budgetMs: 6000 },
    );
    const header = [
      'expansions',
      'MACs',
      'measured here',
      ...targets.map(({ device }) => device.name),
    ];
    const rows = variants.map((variant, i) => {
      const estimates = targets.map((target) => {
        const [whole, ms] = [model, variant.model].map((each) => estimateOf(each, target).ms);
        return `${ms.toFixed(1)} ms (${(ms / whole).toFixed(2)})`;
      });
      const { totalMs } = times[i];
      const measured = `${totalMs.toFixed(1)} ms (${(totalMs / times[0].totalMs).toFixed(2)})`;
      return [variant.title, `${((100 * macs[i]) / macs[0]).toFixed(0)} %`, measured, ...estimates];
    });
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    console.log([header, header.map(() => '---'), ...rows].map(line).join('\n'));
  } finally {
    await runtime.close();
  }
}

void main();
