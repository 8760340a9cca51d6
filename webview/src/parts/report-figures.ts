/** From a report's or a comparison's numbers to the figures at its top. */
import type { DeviceReport, MetricName, ModelFigures } from '#protocol/report';
import {
  formatBytes,
  formatChange,
  formatCount,
  formatDifference,
  formatMilliseconds,
  formatPercent,
} from '../format';
import type { Figure } from './figures';

type Sizes = Pick<
  ModelFigures,
  'params' | 'macs' | 'weightBytes' | 'compressedBytes' | 'latencyMs'
>;

export function sizeFigures(before: Sizes, after: Sizes): readonly Figure[] {
  const latency =
    before.latencyMs === null || after.latencyMs === null
      ? []
      : [figure('Latency here', before.latencyMs, after.latencyMs, formatMilliseconds)];
  const compressed =
    before.compressedBytes === undefined || after.compressedBytes === undefined
      ? []
      : [figure('File after gzip', before.compressedBytes, after.compressedBytes, formatBytes)];
  return [
    figure('MACs', before.macs, after.macs, formatCount),
    figure('Parameters', before.params, after.params, formatCount),
    figure('Weights', before.weightBytes, after.weightBytes, formatBytes),
    ...compressed,
    ...latency,
  ];
}

/** What the device of the run is estimated to take; nothing where only a bound is known. */
export function deviceFigures(report: DeviceReport | undefined): readonly Figure[] {
  if (report === undefined || report.after.kind === 'bound') return [];
  const { device, before, after } = report;
  return [figure(`On ${device.name}`, before.ms, after.ms, formatMilliseconds)];
}

/** The task metric; nothing without data. */
export function metricFigures(
  metric: MetricName | null,
  before: number | null,
  after: number | null,
): readonly Figure[] {
  if (metric === null || after === null) return [];
  const share = metric.id === 'top1';
  const format = (value: number) => (share ? formatPercent(value, 2) : `${value.toFixed(1)} dB`);
  const difference = (from: number) =>
    share
      ? formatDifference((after - from) * 100, 2, ' points')
      : formatDifference(after - from, 1, ' dB');
  // Fidelity of the original to itself is infinite, which JSON writes as null.
  const comparable = before !== null && Number.isFinite(before);
  return [
    {
      title: metric.title.charAt(0).toUpperCase() + metric.title.slice(1),
      before: comparable ? format(before) : null,
      after: format(after),
      change: comparable ? difference(before) : null,
      left: null,
    },
  ];
}

function figure(
  title: string,
  before: number,
  after: number,
  format: (value: number) => string,
): Figure {
  return {
    title,
    before: format(before),
    after: format(after),
    change: formatChange(before, after),
    left: before > 0 ? after / before : null,
  };
}
