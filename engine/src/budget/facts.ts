/** The facts of a model that lies on this disk. */

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { estimate } from '../device/estimate';
import { findTarget } from '../device/find-target';
import type { Device } from '../device/profile';
import { workloadOf } from '../device/workload';
import { inspect } from '../inspect/inspect';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { allTensors } from '../onnx/external-data';
import type { ModelFacts } from './judge';

/** @param accuracy what was measured of it, else why nothing is known. */
export function factsOf(
  model: Model,
  path: string,
  devices: readonly Device[],
  accuracy: () => number | string,
): ModelFacts {
  const { macs, params } = inspect(model, { path }).totals;
  const workload = workloadOf(model);
  return {
    path,
    bytes: bytesOnDisk(model, path),
    macs,
    params,
    accuracy,
    latency(device) {
      try {
        return estimate(workload, findTarget(device, devices));
      } catch (error) {
        if (error instanceof CoppiceError) return error.message;
        throw error;
      }
    },
  };
}

/** Bytes of the model's file and of the files that its tensors lie in. */
export function bytesOnDisk(model: Model, path: string): number {
  const files = new Set([path]);
  for (const { external, externalData } of allTensors(model)) {
    const location = externalData.find(({ key }) => key === 'location')?.value;
    // Only files that the reader accepted: a model may name any.
    if (external && location) files.add(join(dirname(path), location));
  }
  let bytes = 0;
  for (const file of files) bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
