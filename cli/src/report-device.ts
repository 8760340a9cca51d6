/** What a report says of the device of the run, and of what the recipe asked, in the terminal. */

import { formatBytes } from '#engine/inspect/format';
import { formatInterval, formatMs } from '#engine/inspect/format-latency';
import type { DeviceFigures, DeviceReport, TargetReport } from '#protocol/report';

/** Shares of the time below this are in too few kernels to be mentioned. */
const hardlyUncovered = 0.01;

/** A line on the estimates, and one each on memory and price where they are known. */
export function deviceLines({ device, before, after }: DeviceReport): string[] {
  return [
    estimateLine(device, before, after),
    ...(after.uncovered > hardlyUncovered
      ? [
          `  ${Math.round(100 * after.uncovered)} % of it is in kernels that were never timed there.`,
        ]
      : []),
    ...memoryLine(device.memoryBytes, after),
    ...costLine(device.price, before, after),
    ...device.notes.map((note) => `  ${note}`),
    '',
  ];
}

function estimateLine(
  { name, runtime, origin }: DeviceReport['device'],
  before: DeviceFigures,
  after: DeviceFigures,
): string {
  const where = `${name} (${runtime})`;
  if (after.kind === 'bound') {
    return `On ${where} no model like it can take less than ${formatMs(after.ms)} (${formatMs(before.ms)} before); how long it takes is not known.`;
  }
  const interval = formatInterval(after);
  return `Estimated for ${where}, ${origin}: ${formatMs(before.ms)} before, ${formatMs(after.ms)} ${interval} after; 80 % of models lie within.`;
}

function memoryLine(memoryBytes: number | null, { neededBytes, fits }: DeviceFigures): string[] {
  if (memoryBytes === null || neededBytes === null) return [];
  const needed = `weights and activations need ${formatBytes(neededBytes)} of its ${formatBytes(memoryBytes)}`;
  return [fits ? `  Memory: ${needed}.` : `  MEMORY DOES NOT SUFFICE: ${needed}.`];
}

function costLine(
  price: DeviceReport['device']['price'],
  before: DeviceFigures,
  after: DeviceFigures,
): string[] {
  if (!price) return [];
  const month = `${price.perMonth.toFixed(2)} ${price.currency} per month`;
  if (!before.costPerMillion || !after.costPerMillion) return [`  Price: ${month}.`];
  const [was, is] = [before, after].map((each) => each.costPerMillion!.amount.toPrecision(3));
  return [
    `  Price: ${month}; a million inferences cost ${was} ${price.currency} before, ${is} after.`,
  ];
}

/** What is missed or not known is among the report's issues. */
export function targetLines(targets: readonly TargetReport[]): string[] {
  const shown = targets.filter(({ verdict }) => verdict === 'met' || verdict === 'likely');
  const lines = shown.map(({ verdict, message }) => `Target ${verdict}: ${message}.`);
  return lines.length > 0 ? [...lines, ''] : [];
}
