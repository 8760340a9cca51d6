/** What can be asked of the thread that reads models, and how it is done there. */

import type { ModelComparison } from '#protocol/comparison';
import type { LatencyEstimate } from '#protocol/device';
import type { ModelAdvice } from '#protocol/inspection';
import { isSensitivityTable } from '#protocol/sensitivity';
import { adviseLayers } from '#engine/advice/advise';
import { estimate } from '#engine/device/estimate';
import type { LayerNumbers } from '#engine/device/layer-numbers';
import type { Target } from '#engine/device/profile';
import { whatIf, type WhatIf } from '#engine/device/what-if';
import { compareModels } from '#engine/inspect/diff';
import { loadModel } from '#engine/onnx/load';
import { printModel } from '#engine/onnx/text/print';
import { modelHash } from '#engine/recipe/identity';
import { measuredAccuracy } from '#engine/recipe/measured-accuracy';
import { readSensitivity, sensitivityFile } from '#engine/recipe/sensitivity-folder';
import { keptModel } from './kept-workloads';
import { readModel, type ModelReading } from './reading';
import type { FoundSensitivity } from './sensitivity-store';
import { stampOf } from './stamp';

export type ModelTask =
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'compare'; readonly before: string; readonly after: string }
  | { readonly kind: 'print'; readonly path: string }
  | { readonly kind: 'advise'; readonly path: string }
  | { readonly kind: 'sensitivity'; readonly path: string }
  | { readonly kind: 'accuracy'; readonly path: string }
  | { readonly kind: 'estimate'; readonly path: string; readonly targets: readonly Target[] }
  | {
      readonly kind: 'whatIf';
      readonly path: string;
      readonly asked: readonly { readonly layer: string; readonly numbers: LayerNumbers }[];
      readonly targets: readonly Target[];
    };

export interface ModelAnswers {
  readonly read: ModelReading;
  readonly compare: ModelComparison;
  readonly print: string;
  readonly advise: ModelAdvice;
  readonly sensitivity: FoundSensitivity;
  /** The share of right answers, or why it is not known. */
  readonly accuracy: number | string;
  /** One for each target. */
  readonly estimate: readonly LatencyEstimate[];
  /** One for each layer that was asked about; undefined where it is as it was. */
  readonly whatIf: readonly (WhatIf | undefined)[];
}

/** Tensors with more elements than this are elided in a text that is made for reading. */
const mostElements = 16;

/** Hints come without advice for the layers that are left after this time, in milliseconds. */
const advicePatience = 20_000;

/** @throws CoppiceError where a file cannot be read at all; `read` never throws. */
export function perform(task: ModelTask): ModelAnswers[ModelTask['kind']] {
  switch (task.kind) {
    case 'read':
      return readModel(task.path);
    case 'compare': {
      const [before, after] = [task.before, task.after].map((path) => ({
        path,
        model: loadModel(path).model,
      }));
      return compareModels(before, after);
    }
    case 'print':
      return printModel(loadModel(task.path).model, { maxElements: mostElements });
    case 'advise':
      return adviseLayers(loadModel(task.path).model, { patience: advicePatience });
    case 'accuracy':
      return measuredAccuracy(loadModel(task.path).model, task.path);
    case 'sensitivity':
      return findSensitivity(task.path);
    case 'estimate': {
      const { workload } = keptModel(task.path);
      // What is no model would take no time at all.
      if (workload.graph.node.length === 0) return [];
      return task.targets.map((target) => estimate(workload, target));
    }
    case 'whatIf': {
      const { workload } = keptModel(task.path);
      return task.asked.map(({ layer, numbers }) => whatIf(workload, layer, numbers, task.targets));
    }
  }
}

/** The table was written by us, but lies where anybody can write: it is checked like any other input. */
function findSensitivity(path: string): FoundSensitivity {
  const hash = modelHash(path);
  const file = sensitivityFile(path, hash);
  const stamp = stampOf(file) ?? '';
  const table = readSensitivity(path, hash);
  return { file, stamp, table: isSensitivityTable(table) ? table : null };
}
