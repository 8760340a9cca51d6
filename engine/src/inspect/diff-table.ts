/** A comparison of two models as text for the terminal. */

import type { ModelComparison } from '#protocol/comparison';
import type { LayerComparison } from '#protocol/report';
import { alignColumns, type Column } from './columns';
import { formatBytes, formatChange, formatCount, formatShape } from './format';

/** Figures, then the layers that differ, the operators and the shapes. */
export function comparisonTable(comparison: ModelComparison, width = 120): string {
  const { before, after, layers, operators = [], shapes = [] } = comparison;
  const changed = layers.filter(differs);
  const sections = [
    [`${before.path} → ${after.path}`],
    alignColumns(figureColumns, figureRows(comparison), width),
    section('Layers', alignColumns(layerColumns, changed.map(layerRow), width), changed.length),
    section(
      'Operators',
      operators.map((each) => `${each.op}: ${each.before} → ${each.after}`),
      operators.length,
    ),
    section(
      'Shapes',
      shapes.map(
        (each) => `${each.name}: ${formatShape(each.before)} → ${formatShape(each.after)}`,
      ),
      shapes.length,
    ),
    [`${layers.length} layers, ${summaryOf(layers)}`],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const figureColumns: readonly Column[] = [
  { title: '' },
  { title: 'before', right: true },
  { title: 'after', right: true },
  { title: 'change', right: true },
];

const layerColumns: readonly Column[] = [
  { title: 'layer', shrink: true },
  { title: 'op' },
  { title: 'channels', right: true },
  { title: 'params', right: true },
  { title: 'MACs', right: true },
  { title: '' },
];

function figureRows({ before, after }: ModelComparison): string[][] {
  const [a, b] = [before.totals, after.totals];
  const row = (title: string, x: number, y: number, format: (value: number) => string) => [
    title,
    format(x),
    format(y),
    formatChange(x, y),
  ];
  const rows = [
    row('params', a.params, b.params, formatCount),
    row('MACs', a.macs, b.macs, formatCount),
    row('weights', a.weightBytes, b.weightBytes, formatBytes),
    row('layers', a.layers, b.layers, String),
  ];
  if (a.peakActivationBytes !== null && b.peakActivationBytes !== null) {
    rows.push(row('activations', a.peakActivationBytes, b.peakActivationBytes, formatBytes));
  }
  return rows;
}

function layerRow({ name, op, before, after }: LayerComparison): string[] {
  const pair = (of: (figures: NonNullable<LayerComparison['before']>) => number) =>
    [before, after].map((each) => (each ? formatCount(of(each)) : '–')).join(' → ');
  const status = !before ? 'added' : !after ? 'removed' : '';
  const channels = before?.channels || after?.channels ? pair((each) => each.channels) : '';
  return [name, op, channels, pair((each) => each.params), pair((each) => each.macs), status];
}

function section(title: string, lines: readonly string[], count: number): string[] {
  return count === 0 ? [] : [title, ...lines];
}

function summaryOf(layers: readonly LayerComparison[]): string {
  const added = layers.filter((each) => !each.before).length;
  const removed = layers.filter((each) => !each.after).length;
  const changed = layers.filter(differs).length - added - removed;
  return `${changed} changed, ${removed} removed, ${added} added`;
}

function differs({ before, after }: LayerComparison): boolean {
  if (!before || !after) return true;
  return (
    before.params !== after.params ||
    before.macs !== after.macs ||
    before.channels !== after.channels
  );
}
