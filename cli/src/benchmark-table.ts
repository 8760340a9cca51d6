/** A measurement in the terminal: the times of runs, then of layers, then what may have disturbed. */

import { alignColumns, type Column } from '#engine/inspect/columns';
import { formatEstimate, formatMs } from '#engine/inspect/format-latency';
import type { Benchmark, LayerBenchmark } from '#protocol/benchmark';
import type { LatencyEstimate } from '#protocol/device';

const barWidth = 8;

export function benchmarkTable(benchmark: Benchmark, width: number): string {
  const { layers, warnings, estimate } = benchmark;
  return [
    headline(benchmark),
    '',
    ...timeLines(benchmark),
    ...(estimate ? ['', estimateLine(benchmark, estimate)] : []),
    ...(layers.length > 0 ? ['', ...layerLines(benchmark, width)] : []),
    ...(warnings.length > 0 ? [''] : []),
    ...warnings.map((each) => `warning: ${each}`),
  ].join('\n');
}

function headline({ model, host, machine, threads, cores: pinned }: Benchmark): string {
  const cores = `${machine.cores} core${machine.cores === 1 ? '' : 's'}`;
  const where = `${host}: ${machine.processor}, ${cores}`;
  return `${model} on ${where}\n${machine.runtime}, ${threads} thread${threads === 1 ? '' : 's'}${pinned ? ` on core ${pinned.join(', ')}` : ''}`;
}

function timeLines({ medianMs, p10Ms, p90Ms, p99Ms, minMs, cpuMs, runs, warmUp }: Benchmark) {
  const columns = ['median', 'p10', 'p90', 'p99', 'least', 'processor time'];
  const values = [medianMs, p10Ms, p90Ms, p99Ms, minMs, cpuMs];
  const row = values.map((ms) => (ms === null ? '–' : precise(ms)));
  return [
    ...alignColumns(
      columns.map((title) => ({ title, right: true })),
      [row],
      Infinity,
    ),
    '',
    `${runs} runs after ${warmUp} to warm up`,
  ];
}

function estimateLine({ medianMs }: Benchmark, estimate: LatencyEstimate): string {
  const { kind, ms, lowMs, highMs } = estimate;
  if (kind === 'bound') return `${formatEstimate(estimate)}: a bound, no estimate`;
  const inside = lowMs !== null && highMs !== null && medianMs >= lowMs && medianMs <= highMs;
  const off = Math.round(100 * (medianMs / ms - 1));
  return (
    `estimated ${formatEstimate(estimate)}; measured ${off < 0 ? '−' : '+'}${Math.abs(off)} %, ` +
    `${inside ? 'within' : 'outside'} the interval`
  );
}

function layerLines(benchmark: Benchmark, width: number): string[] {
  const { layers, estimate, conversionsMs, restMs } = benchmark;
  const all = layers.reduce((sum, { ms }) => sum + (ms ?? 0), (conversionsMs ?? 0) + (restMs ?? 0));
  const withEstimate = estimate?.kind === 'estimate';
  const columns: Column[] = [
    { title: 'layer', shrink: true },
    { title: 'op' },
    { title: 'measured', right: true },
    ...(withEstimate ? [{ title: 'estimated', right: true }] : []),
    { title: 'share' },
    { title: 'computed by', shrink: true },
  ];
  const row = (name: string, op: string, ms: number | null, by: string, estimated: string) => [
    name,
    op,
    ms === null ? '' : precise(ms),
    ...(withEstimate ? [estimated] : []),
    ms === null ? '' : share(ms / all),
    by,
  ];
  return alignColumns(
    columns,
    [
      ...layers.map((layer) =>
        row(layer.name, layer.op, layer.ms, kernelOf(layer), estimateOf(layer, estimate)),
      ),
      ...(conversionsMs ? [row('(conversions)', '', conversionsMs, '', '')] : []),
      row('(other nodes)', '', restMs, '', withEstimate ? formatMs(estimate.restMs) : ''),
    ],
    width,
  );
}

function kernelOf({ kernel, fusedInto }: LayerBenchmark): string {
  return kernel ?? (fusedInto === null ? '' : `fused into ${fusedInto}`);
}

function estimateOf({ name }: LayerBenchmark, estimate: LatencyEstimate | null): string {
  const latency = estimate?.layers[name];
  if (!latency) return '';
  return 'ms' in latency ? precise(latency.ms) : 'fused';
}

function share(part: number): string {
  return `${'█'.repeat(Math.round(part * barWidth)).padEnd(barWidth)} ${(100 * part).toFixed(1).padStart(5)} %`;
}

/** Three digits, because measurements are compared. */
function precise(ms: number): string {
  return ms >= 999.5
    ? `${(ms / 1000).toPrecision(3)} s`
    : `${ms < 0.1 ? ms.toFixed(3) : ms.toPrecision(3)} ms`;
}
