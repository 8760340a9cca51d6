/** A report in the terminal: before and after, side by side. */

import { formatBytes, formatCount } from '#engine/inspect/format';
import { verificationText } from '#engine/report/verify';
import type { ModelFigures, Report } from '#protocol/report';

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
  const shown = [...structureRows, ...metric].filter(
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
    .filter(({ severity, message }) => severity !== 'information' || ofSteps.has(message))
    .map(
      ({ severity, message }) => `${severity === 'information' ? 'note' : severity}: ${message}`,
    );
  return [...lines, '', ...verificationText(verification, runtime), ...notes].join('\n');
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
