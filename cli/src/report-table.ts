/** A report in the terminal: before and after, side by side, and where the time of layers went. */

import { alignColumns } from '#engine/inspect/columns';
import { formatBytes, formatCount } from '#engine/inspect/format';
import { verificationText } from '#engine/report/verify';
import type { LayerComparison, ModelFigures, Report } from '#protocol/report';
import { deviceLines, targetLines } from './report-device';

interface Row {
  readonly title: string;
  readonly value: (figures: ModelFigures) => number | null;
  readonly format: (value: number) => string;
  /** Left out where the original has no value. */
  readonly optional?: boolean;
}

export function reportTable(report: Report): string {
  const metric: Row[] = report.metric
    ? [
        {
          title: report.metric.title,
          value: (each) => each.metric,
          format: metricFormat(report.metric.id),
        },
      ]
    : [];
  const shown = [...structureRows, ...estimateRow(report), ...metric].filter(
    ({ optional, value }) => !optional || value(report.before) !== null,
  );
  const rows = shown.map(({ title, value, format }) => {
    const before = value(report.before);
    const after = value(report.after);
    const share =
      before && after !== null && title !== report.metric?.title ? percent(after / before) : '';
    return [
      title,
      before === null ? '–' : format(before),
      after === null ? '–' : format(after),
      share,
    ];
  });
  const table = [['', 'before', 'after', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i])))
      .join('   ')
      .trimEnd(),
  );
  const { verification, runtime, issues, steps } = report;
  // Of what is only information, what a step says of its result matters here.
  const ofSteps = new Set(steps.flatMap((step) => step.notes));
  const notes = issues
    .filter(
      ({ severity, code, message }) =>
        severity !== 'information' || code === 'slower-layers' || ofSteps.has(message),
    )
    .map(
      ({ severity, message }) => `${severity === 'information' ? 'note' : severity}: ${message}`,
    );
  return [
    ...lines,
    '',
    ...layerTimes(report),
    ...(report.device ? deviceLines(report.device) : []),
    ...targetLines(report.targets ?? []),
    ...verificationText(verification, runtime),
    ...notes,
  ].join('\n');
}

function estimateRow({ device }: Report): Row[] {
  if (!device) return [];
  const title = `on ${device.device.name}`;
  const value = ({ estimatedMs }: ModelFigures): number | null => estimatedMs ?? null;
  return [{ title, value, format: (each) => `${each.toFixed(2)} ms`, optional: true }];
}

/** Layer by layer where weights were quantized: what became faster by it and what did not. */
function layerTimes({ layers, timing }: Report): string[] {
  const isQuantized = layers.some(
    ({ before, after }) => after?.bits !== undefined && after.bits < (before?.bits ?? 0),
  );
  if (!timing || !isQuantized) return [];
  const timed = layers.filter(({ after }) => after?.latencyMs !== undefined);
  const { before, after } = timing;
  return [
    ...alignColumns(timeColumns, timed.map(timeCells), Infinity),
    '',
    `Both models timed in turns here, on one thread: ${ms(before.totalMs)} before, ${ms(after.totalMs)} after.`,
    `Of that, layers ${ms(before.layersMs)} and ${ms(after.layersMs)}, conversions ${ms(before.conversionsMs)} and ${ms(after.conversionsMs)}.`,
    '',
  ];
}

const timeColumns = ['layer', 'bits', 'before', 'after', '', 'computed by'].map((title, i) => ({
  title,
  right: i > 0 && i < 5,
}));

function timeCells({ name, before, after }: LayerComparison): string[] {
  const [was, is] = [before?.latencyMs, after!.latencyMs!];
  const share = was === undefined ? '' : `${((100 * is) / was).toFixed(0)} %`;
  const bits = before?.bits === after!.bits ? '' : String(after!.bits);
  return [name, bits, was === undefined ? '–' : ms(was), ms(is), share, after!.kernel ?? ''];
}

function ms(value: number): string {
  return `${value < 0.1 ? value.toFixed(3) : value.toPrecision(3)} ms`;
}

const structureRows: readonly Row[] = [
  { title: 'params', value: (each) => each.params, format: formatCount },
  { title: 'MACs', value: (each) => each.macs, format: formatCount },
  { title: 'weights', value: (each) => each.weightBytes, format: formatBytes },
  {
    title: 'file after gzip',
    value: (each) => each.compressedBytes ?? null,
    format: formatBytes,
    optional: true,
  },
  { title: 'latency here', value: (each) => each.latencyMs, format: (ms) => `${ms.toFixed(2)} ms` },
];

function metricFormat(id: 'top1' | 'fidelity'): (value: number) => string {
  return id === 'top1'
    ? (value) => `${(value * 100).toFixed(2)} %`
    : (value) => `${value.toFixed(1)} dB`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} % left`;
}
