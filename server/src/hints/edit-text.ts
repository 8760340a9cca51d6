/** What layers would cost as the source spells them now, beside what they cost as exported. */

import { summaryOf } from '#engine/device/summary';
import { targetId, type Target } from '#engine/device/profile';
import type { Change, WhatIf } from '#engine/device/what-if';
import { formatMs } from '#engine/inspect/format-latency';
import { count, macs, macsChange, shape } from './figures';
import { latencyChange } from './latency-text';
import { code, prose, table } from './markdown';

const mostNeighbours = 10;

/** `1.20 → 0.60 MMACs · 3.1 → 1.7 ms`, of all layers behind the line together. */
export function editText(edits: readonly WhatIf[], targets: readonly Target[]): string {
  const cost = total(edits.map((edit) => edit.macs));
  const times = targets.flatMap((target) => {
    const ms = timesOn(target, edits);
    return ms ? latencyChange(ms.before, ms.after) : [];
  });
  return [macsChange(cost.before, cost.after), ...(times.length ? [times.join(' | ')] : [])].join(
    ' · ',
  );
}

/** Everything that changes, and what must follow; empty where nothing does. */
export function editSection(edits: readonly WhatIf[], targets: readonly Target[]): string {
  if (edits.length === 0) return '';
  const rows = edits.length === 1 ? detailsOf(edits[0]) : numberRows(edits[0]);
  const [cost, weights] = [
    total(edits.map((edit) => edit.macs)),
    total(edits.map((edit) => edit.weights)),
  ];
  rows.push(['MACs', macs(cost.before), macs(cost.after)]);
  rows.push(['weights', count(weights.before), count(weights.after)]);
  for (const target of targets) {
    const ms = timesOn(target, edits);
    if (ms) rows.push([prose(summaryOf(target).name), formatMs(ms.before), formatMs(ms.after)]);
  }
  const what = edits.length === 1 ? 'this layer' : `these ${edits.length} layers together`;
  const neighbours = [...new Set(edits.flatMap((edit) => edit.neighbours))];
  return [
    `**As written here, not as exported** — ${what}:`,
    table([{ title: '' }, ...sides], rows),
    ...(neighbours.length > 0 ? [followers(neighbours)] : []),
  ].join('\n\n');
}

const sides = [
  { title: 'exported', numeric: true },
  { title: 'as written', numeric: true },
];

function followers(names: readonly string[]): string {
  const shown = names.slice(0, mostNeighbours).map(code);
  const more = names.length - shown.length;
  const rest = more > 0 ? ` and ${more} more` : '';
  return `Their shapes must follow, which is not counted: ${shown.join(', ')}${rest}.`;
}

function detailsOf(edit: WhatIf): string[][] {
  const { before, after } = edit.output;
  return [...numberRows(edit), ['output', shape(before), shape(after)]];
}

function numberRows({ numbers }: WhatIf): string[][] {
  return Object.entries(numbers).map(([name, { before, after }]) => [
    titles[name as keyof WhatIf['numbers']],
    before.join('×'),
    after.join('×'),
  ]);
}

const titles: Readonly<Record<keyof WhatIf['numbers'], string>> = {
  inChannels: 'channels in',
  outChannels: 'channels out',
  groups: 'groups',
  kernel: 'kernel',
  stride: 'stride',
  padding: 'padding',
  dilation: 'dilation',
};

function timesOn(target: Target, edits: readonly WhatIf[]): Change<number> | undefined {
  const id = targetId(target);
  const times = edits.flatMap(({ ms }) => (Object.hasOwn(ms, id) ? ms[id] : []));
  return times.length > 0 ? total(times) : undefined;
}

function total(changes: readonly Change<number>[]): Change<number> {
  return {
    before: changes.reduce((sum, { before }) => sum + before, 0),
    after: changes.reduce((sum, { after }) => sum + after, 0),
  };
}
