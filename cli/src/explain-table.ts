/** Why a pass did what it did, part by part: the figures of its notes as a table. */

import { alignColumns, type Column } from '#engine/inspect/columns';
import type { GroupReport, WhyValue } from '#protocol/report';

type Curve = readonly (readonly [number, number])[];

/**
 * A row for each note that has figures; what is the same in all of them stands above, curves and
 * the reasons of parts that were left alone below.
 */
export function explainTable(notes: readonly GroupReport[], width: number): string {
  const judged = notes.filter(({ why }) => Object.keys(why ?? {}).length > 1);
  const names = [...new Set(judged.flatMap(({ why }) => Object.keys(why ?? {})))];
  const curves = names.filter((name) => judged.some(({ why }) => isCurve(why?.[name])));
  const figures = names.filter((name) => !curves.includes(name));
  const varying = figures.filter((name) => valuesOf(judged, name).size > 1);
  const constant = figures.filter((name) => valuesOf(judged, name).size === 1);
  const columns: Column[] = [
    { title: 'part' },
    { title: 'before → after', right: true },
    ...varying.map((name) => ({ title: inWords(name), right: true })),
  ];
  const rows = judged.map(({ subject, before, after, why = {} }) => [
    subject,
    `${before} → ${after}`,
    ...varying.map((name) => shown(why[name])),
  ]);
  return [
    constant.map((name) => `${inWords(name)}: ${shown(judged[0].why?.[name])}`).join(', '),
    '',
    ...alignColumns(columns, rows, width),
    ...curves.flatMap((name) => curveLines(judged, name)),
    '',
    ...notes
      .filter((note) => !judged.includes(note))
      .map(({ subject, reason }) => `${subject}: ${reason}`),
  ].join('\n');
}

function curveLines(notes: readonly GroupReport[], name: string): string[] {
  const lines = notes.flatMap(({ subject, why }) => {
    const curve = why?.[name];
    if (!isCurve(curve)) return [];
    return [`  ${subject}  ${curve.map(([x, y]) => `${x}: ${shown(y)}`).join('  ')}`];
  });
  return ['', `${inWords(name)}:`, ...lines];
}

function valuesOf(notes: readonly GroupReport[], name: string): ReadonlySet<string> {
  return new Set(notes.map(({ why }) => shown(why?.[name])));
}

function isCurve(value: WhyValue | undefined): value is Curve {
  return Array.isArray(value) && Array.isArray(value[0]);
}

function shown(value: WhyValue | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value === 0 ? '0' : spelled(value);
  return isCurve(value) ? '' : value.map((each) => shown(each)).join(' … ');
}

/** Three digits, and no exponent where a person would write none. */
function spelled(value: number): string {
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

const inWords = (name: string): string => name.replaceAll('_', ' ');
