/** What the device of a run makes of the models before and after: their time, its price, their memory. */

import type { LatencyEstimate } from '#protocol/device';
import type { Inspection } from '#protocol/inspection';
import type { Target } from '../device/profile';
import { summaryOf } from '../device/summary';
import { formatBytes } from '../inspect/format';
import type { Issue } from '../ir/issue';
import type { DeviceFigures, DeviceReport } from './report';

/** @param inspections of the model before and after, as the estimates. */
export function deviceReport(
  target: Target,
  inspections: readonly Inspection[],
  estimates: readonly LatencyEstimate[],
): DeviceReport {
  const device = summaryOf(target);
  const [before, after] = estimates.map((each, i) =>
    figuresOf(each, inspections[i], device.memoryBytes),
  );
  return { device, before, after };
}

/** A warning where the device's memory does not hold the result. */
export function memoryIssues({ device, after }: DeviceReport): Issue[] {
  if (after.fits !== false) return [];
  const [needed, has] = [after.neededBytes!, device.memoryBytes!].map(formatBytes);
  const message = `The result needs ${needed} for its weights and activations, and ${device.name} has ${has} in all: make it smaller, or quantize its weights.`;
  return [{ severity: 'warning', code: 'memory', message }];
}

function figuresOf(
  estimate: LatencyEstimate,
  { totals }: Inspection,
  memoryBytes: number | null,
): DeviceFigures {
  const { kind, ms, lowMs, highMs, restMs, uncovered, costPerMillion } = estimate;
  const { weightBytes, peakActivationBytes } = totals;
  const neededBytes = peakActivationBytes === null ? null : weightBytes + peakActivationBytes;
  const fits = neededBytes === null || memoryBytes === null ? null : neededBytes <= memoryBytes;
  return { kind, ms, lowMs, highMs, restMs, uncovered, costPerMillion, neededBytes, fits };
}
