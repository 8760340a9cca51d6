/** The last few models as lowering reads them, kept in the thread, so that another device needs no reading. */

import { workloadOf, type Workload } from '#engine/device/workload';
import { loadModel } from '#engine/onnx/load';
import type { Model } from '#engine/ir/model';
import { stampOf } from './stamp';

export interface KeptModel {
  readonly model: Model;
  readonly workload: Workload;
}

const capacity = 8;

/** In the order of last use. */
const kept = new Map<string, KeptModel & { readonly stamp: string | undefined }>();

/** @throws CoppiceError where the file cannot be read at all. */
export function keptModel(path: string): KeptModel {
  const stamp = stampOf(path);
  let found = kept.get(path);
  if (!found || found.stamp !== stamp) {
    const { model } = loadModel(path);
    found = { stamp, model, workload: workloadOf(model) };
  }
  kept.delete(path);
  kept.set(path, found);
  if (kept.size > capacity) kept.delete(kept.keys().next().value!);
  return found;
}
