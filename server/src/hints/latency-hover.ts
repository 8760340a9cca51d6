/** In hovers: what a model or its layers take on each device, how sure that is, and where it is from. */

import type { DeviceSummary, LatencyEstimate, Origin } from '#protocol/device';
import type { LayerInfo, ModelTotals } from '#protocol/inspection';
import { summaryOf } from '#engine/device/summary';
import { formatInterval, formatMs } from '#engine/inspect/format-latency';
import type { DeviceList } from '../models/device-list';
import { bytes, percent } from './figures';
import { latencyOf } from './latency-text';
import { code, prose, table } from './markdown';

const mostLayers = 12;

/** What each origin lets one expect. */
const origins: Readonly<Record<Origin, string>> = {
  calibrated: 'measured on this very device',
  anchored: 'published times, rescaled by models that were timed here',
  published:
    'fitted to published times of other models; two boards of one chip may differ by far more',
  spec: 'from the data sheet: no model can be faster, which does not say how fast it is',
};

/** A row for each device; empty where there is none. */
export function modelLatencySection(
  estimates: readonly LatencyEstimate[],
  totals: ModelTotals,
  devices: DeviceList,
): string {
  if (estimates.length === 0) return '';
  const rows = estimates.map((estimate) =>
    modelRow(estimate, totals, summaryFor(estimate, devices)),
  );
  const used = columns.filter((_, i) => rows.some((row) => row[i] !== ''));
  const cells = rows.map((row) => row.filter((_, i) => used.includes(columns[i])));
  return [table(used, cells), ...notesOn(estimates, devices)].join('\n\n');
}

const columns = [
  { title: 'device' },
  { title: 'runs on' },
  { title: 'latency', numeric: true },
  { title: '80 % of models', numeric: true },
  { title: 'figures' },
  { title: 'without figures', numeric: true },
  { title: 'memory' },
  { title: 'a million inferences', numeric: true },
];

function modelRow(
  estimate: LatencyEstimate,
  totals: ModelTotals,
  summary: DeviceSummary | undefined,
): string[] {
  const { device, kind, ms, lowMs, highMs, uncovered, costPerMillion } = estimate;
  return [
    prose(device.name),
    prose(device.runtime),
    kind === 'bound' ? `≥ ${formatMs(ms)}` : formatMs(ms),
    lowMs === null || highMs === null ? '' : `${formatMs(lowMs)} … ${formatMs(highMs)}`,
    device.origin,
    uncovered > 0 ? percent(uncovered) : '',
    memory(totals, summary?.memoryBytes ?? null),
    costPerMillion ? `${costPerMillion.amount.toPrecision(2)} ${costPerMillion.currency}` : '',
  ];
}

/** Weights and the largest activations that live at once; the runtime itself comes on top. */
function memory({ weightBytes, peakActivationBytes }: ModelTotals, available: number | null) {
  if (available === null) return '';
  const needed = weightBytes + (peakActivationBytes ?? 0);
  const size = `${bytes(needed)} of ${bytes(available)}`;
  return needed <= available ? `fits: ${size}` : `**does not fit**: ${size}`;
}

/** A row for each layer, a column for each device that knows layers; empty where none does. */
export function layerLatencySection(
  layers: readonly LayerInfo[],
  all: readonly LatencyEstimate[],
  devices: DeviceList,
): string {
  const estimates = all.filter(({ kind }) => kind === 'estimate');
  const known = layers.filter(({ name }) => estimates.some((each) => latencyOf(name, each)));
  if (known.length === 0) return '';
  const first = (name: string): number => {
    const found = latencyOf(name, estimates[0]);
    return found && 'ms' in found ? found.ms : 0;
  };
  const shown = [...known].sort((a, b) => first(b.name) - first(a.name)).slice(0, mostLayers);
  const title = (each: LatencyEstimate): string =>
    `${prose(each.device.name)} ${formatInterval(each)}`;
  const rows = shown.map(({ name }) => [code(name), ...estimates.map((each) => cell(name, each))]);
  const more = known.length - shown.length;
  return [
    table(
      [{ title: 'layer' }, ...estimates.map((each) => ({ title: title(each), numeric: true }))],
      rows,
    ) + (more > 0 ? `\n\nand ${more} more.` : ''),
    ...notesOn(estimates, devices),
  ].join('\n\n');
}

function cell(name: string, estimate: LatencyEstimate): string {
  const found = latencyOf(name, estimate);
  if (!found) return '';
  if ('fusedInto' in found) return `fused into ${code(found.fusedInto)}`;
  const share = estimate.ms > 0 ? ` · ${percent(found.ms / estimate.ms)}` : '';
  return `${formatMs(found.ms)}${share}`;
}

/** Each origin once, then what the profiles themselves say. */
function notesOn(estimates: readonly LatencyEstimate[], devices: DeviceList): string[] {
  const found = new Set(estimates.map(({ device }) => device.origin));
  const meanings = [...found].map((origin) => `${origin}: ${origins[origin]}`);
  const own = estimates.flatMap((estimate) =>
    (summaryFor(estimate, devices)?.notes ?? []).map(
      (note) => `${prose(estimate.device.name)}: ${prose(note)}`,
    ),
  );
  return [`Latencies of one inference; ${meanings.join('; ')}.`, ...own];
}

function summaryFor({ device }: LatencyEstimate, devices: DeviceList): DeviceSummary | undefined {
  const target = devices.find(device.id);
  return target && summaryOf(target);
}
