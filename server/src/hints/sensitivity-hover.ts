/** Below the layers of a hover: how they take quantization, as it was measured, and why not better. */

import type { LayerInfo } from '#protocol/inspection';
import type { LayerSensitivity, SensitivityTable, WidthSensitivity } from '#protocol/sensitivity';
import type { KnownSensitivity } from '../models/sensitivity-store';
import { code, prose, table } from './markdown';
import { verdictMarks } from './sensitivity-text';

const mostLayers = 8;

/** Empty where none of the layers was measured. */
export function sensitivitySection(layers: readonly LayerInfo[], known: KnownSensitivity): string {
  const found = layers.flatMap(({ name }) => known.layers.get(name) ?? []);
  if (found.length === 0) return '';
  const shown = [...found].sort((a, b) => worst(a) - worst(b)).slice(0, mostLayers);
  const rows = shown.flatMap((layer) => layer.widths.map((width) => rowOf(layer, width)));
  const more = found.length - shown.length;
  return [
    table(columns, rows) + (more > 0 ? `\n\nand ${more} more that take it better.` : ''),
    ...reasons(shown),
    measuredOn(known.table),
  ].join('\n\n');
}

const columns = [
  { title: 'layer' },
  { title: 'quantized to' },
  { title: 'weight', numeric: true },
  { title: 'what it reads', numeric: true },
  { title: 'output, only this layer', numeric: true },
  { title: 'output, all but this layer', numeric: true },
];

function rowOf({ name }: LayerSensitivity, width: WidthSensitivity): string[] {
  const { bits, verdict, weightSqnrDb, activationSqnrDb, only, restored } = width;
  return [
    code(name),
    `${bits} bits ${verdictMarks[verdict]}`,
    decibels(weightSqnrDb),
    decibels(activationSqnrDb),
    effect(only),
    restored ? effect(restored) : '',
  ];
}

function effect({ sqnrDb, metric }: WidthSensitivity['only']): string {
  const share = metric === null ? '' : ` · ${(100 * metric).toFixed(1)} %`;
  return `${sqnrDb === null ? 'unchanged' : decibels(sqnrDb)}${share}`;
}

function decibels(value: number | null): string {
  return value === null ? '' : `${value.toFixed(0)} dB`;
}

/** Each reason once, with the widths it is about. */
function reasons(layers: readonly LayerSensitivity[]): string[] {
  return layers.flatMap(({ name, widths }) =>
    widths.flatMap(({ bits, verdict, reason }) =>
      verdict === 'good' || reason === null
        ? []
        : `${code(name)} at ${bits} bits: ${prose(reason)}.`,
    ),
  );
}

function measuredOn({ samples, profile, metric }: SensitivityTable): string {
  const share = metric === null ? '' : `; percentages are ${prose(metric.title)}`;
  return `Signal to quantization noise, measured on ${samples} samples for ${prose(profile)}${share}.`;
}

function worst({ widths }: LayerSensitivity): number {
  return Math.min(...widths.map(({ only }) => only.sqnrDb ?? Infinity));
}
