/** A target as lists and estimates show it. */

import type { DeviceSummary } from '#protocol/device';
import { targetId, type Target } from './profile';

const runtimeNames = { onnxruntime: 'ONNX Runtime', ncnn: 'ncnn', tensorrt: 'TensorRT' };

export function summaryOf(target: Target): DeviceSummary {
  const { device, profile } = target;
  const { interval, runtime } = profile;
  const where = runtime.provider === 'cpu' ? plural(runtime.threads, 'thread') : runtime.provider;
  return {
    id: targetId(target),
    device: device.id,
    name: device.name,
    runtime: `${runtimeNames[runtime.name]}, ${where}, ${runtime.precision}`,
    origin: profile.origin,
    interval: interval
      ? { low: Math.exp(interval.q10), high: Math.exp(interval.q90), models: interval.n }
      : null,
    memoryBytes: device.memoryBytes ?? null,
    price: device.price
      ? { perMonth: device.price.perMonth, currency: device.price.currency }
      : null,
    notes: profile.notes ?? [],
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
