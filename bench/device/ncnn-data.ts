/** The published measurements of ncnn and the layers of the models that were measured. */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Kernel } from '../../engine/src/device/kernel';
import { ncnnKernels } from '../../engine/src/device/lowering/ncnn/layers';

const folder = resolve('../shared/devices');

export const measurementsExist = existsSync(folder);

export interface Run {
  readonly id: string;
  readonly deviceKey: string;
  readonly backend: 'cpu' | 'vulkan';
  readonly threads: number;
  readonly powersave: number;
  /** The version of ncnn is that old or older. */
  readonly date: string;
  readonly quality: readonly string[];
  /** Least, largest and mean milliseconds by model. */
  readonly ms: Readonly<Record<string, readonly [number, number, number]>>;
}

interface PublishedLayer {
  readonly op: string;
  readonly in: readonly (readonly number[])[];
  readonly out: readonly (readonly number[])[];
  readonly kernel?: readonly number[];
  readonly stride?: readonly number[];
  readonly groups?: number;
  readonly macs: number;
  readonly weightElems: number;
  readonly act?: number;
}

interface PublishedModel {
  readonly precision: 'float' | 'int8';
  readonly layers: readonly PublishedLayer[];
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
}

/** Changed in the source after most devices had been measured. */
const left = new Set(['vision_transformer']);

/** Kernels of the models of one precision, by the names that runs use. */
export function publishedModels(
  precision: PublishedModel['precision'] = 'float',
): ReadonlyMap<string, readonly Kernel[]> {
  const { models } = read('ncnn-models.json') as { models: Record<string, PublishedModel> };
  return new Map(
    Object.entries(models)
      .filter(([name, model]) => model.precision === precision && !left.has(name))
      .map(([name, { layers }]) => [
        name,
        layers.flatMap((layer) => ncnnKernels({ ...layer, weights: layer.weightElems })),
      ]),
  );
}

/** Runs without known faults. */
export function publishedRuns(): readonly Run[] {
  const { runs } = read('ncnn-measurements.json') as { runs: Run[] };
  return runs.filter(({ quality }) => !quality.some((remark) => remark.startsWith('exclude:')));
}

/** Of the repetitions the fastest: what else ran on the machine only adds. */
export function timesOf(run: Run, models: Iterable<string>): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const model of models) {
    const row = run.ms[model];
    if (row && row[0] > 0) times.set(model, row[0]);
  }
  return times;
}
