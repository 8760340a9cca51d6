/** A sensitivity table in the terminal: a line for each layer, the worst layers, the whole model. */

import { alignColumns, type Column } from '#engine/inspect/columns';
import { formatCount } from '#engine/inspect/format';
import type { Effect, LayerSensitivity, SensitivityTable } from '#protocol/sensitivity';

/** The output's signal to noise that a full bar stands for, in dB. */
const fullBar = 60;
const barWidth = 12;
const listed = 5;
const marks = { good: '✓', fair: '~', bad: '✗' } as const;

export function sensitivityText(table: SensitivityTable, width: number): string {
  return [
    ...wholeLines(table),
    '',
    ...table.bits.flatMap((bits, i) => worstLines(table, bits, i)),
    'The output with one layer quantized alone, and with all but that layer:',
    '',
    ...alignColumns(columnsOf(table), table.layers.map(cellsOf), width),
    ...table.floats.map(({ name, reason }) => `${name} stays in floating point: ${reason}`),
  ].join('\n');
}

function wholeLines({ whole, original, samples, metric }: SensitivityTable): string[] {
  const columns = ['everything', 'both', 'weights only', 'activations only'];
  const rows = whole.map(({ bits, both, weights, activations }) => [
    `${bits} bits`,
    ...[both, weights, activations].map(effectText),
  ]);
  const measured = metric ? `, ${metric.title} of the original ${percent(original!)}` : '';
  return [
    `Measured on ${samples} samples${measured}.`,
    '',
    ...alignColumns(
      columns.map((title, i) => ({ title, right: i > 0 })),
      rows,
      Infinity,
    ),
  ];
}

function effectText({ sqnrDb, metric }: Effect): string {
  return [decibels(sqnrDb), ...(metric === null ? [] : [percent(metric)])].join('  ');
}

/** Layers that are not good at this width, the worst first. */
function worstLines({ layers }: SensitivityTable, bits: number, at: number): string[] {
  const poor = layers
    .filter(({ widths }) => widths[at].verdict !== 'good')
    .sort((a, b) => (a.widths[at].only.sqnrDb ?? 0) - (b.widths[at].only.sqnrDb ?? 0));
  if (poor.length === 0) return [`${bits} bits: every layer takes them well.`, ''];
  const count = poor.length === 1 ? '1 layer' : `${poor.length} layers`;
  const rest = poor.length > listed ? `, the worst ${listed}` : '';
  return [
    `${bits} bits: ${count} of ${layers.length} not good${rest}:`,
    ...poor.slice(0, listed).map(({ name, widths }) => {
      const { only, verdict, reason } = widths[at];
      return `  ${marks[verdict]} ${name}  ${decibels(only.sqnrDb)}: ${reason ?? ''}`;
    }),
    '',
  ];
}

function columnsOf({ bits }: SensitivityTable): Column[] {
  return [
    { title: 'layer', shrink: true },
    { title: 'op' },
    { title: 'params', right: true },
    ...bits.flatMap((each) => [
      { title: `${each} bits` },
      { title: 'alone', right: true },
      { title: 'all but', right: true },
    ]),
  ];
}

function cellsOf({ name, op, params, widths }: LayerSensitivity): string[] {
  return [
    name,
    op,
    formatCount(params),
    ...widths.flatMap(({ only, restored, verdict }) => [
      `${marks[verdict]} ${bar(only.sqnrDb)}`,
      decibels(only.sqnrDb),
      restored ? decibels(restored.sqnrDb) : '',
    ]),
  ];
}

function bar(sqnrDb: number | null): string {
  const share = Math.min(Math.max((sqnrDb ?? fullBar) / fullBar, 0), 1);
  const full = Math.round(share * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

function decibels(value: number | null): string {
  return value === null ? '∞' : `${value.toFixed(1)} dB`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
