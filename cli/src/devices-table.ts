/** The devices as a table for the terminal. */

import { alignColumns } from '#engine/inspect/columns';
import { formatBytes } from '#engine/inspect/format';
import type { DeviceSummary } from '#protocol/device';

export function devicesTable(devices: readonly DeviceSummary[], width: number): string {
  const columns = [
    { title: 'id' },
    { title: 'device', shrink: true },
    { title: 'origin' },
    { title: 'measured / estimated' },
    { title: 'memory', right: true },
    { title: 'per month', right: true },
  ];
  const rows = devices.map(({ id, name, origin, interval, memoryBytes, price }) => [
    id,
    name,
    origin,
    interval
      ? `${interval.low.toFixed(2)} … ${interval.high.toFixed(2)} (${interval.models} model${interval.models === 1 ? '' : 's'})`
      : 'a bound only',
    memoryBytes === null ? '' : formatBytes(memoryBytes),
    price ? `${price.perMonth.toFixed(0)} ${price.currency}` : '',
  ]);
  return alignColumns(columns, rows, width).join('\n');
}
