/** The fits on published measurements: one for each backend and precision, as their kernels differ. */

import { fitFleet, type Fleet, type Times } from '../../engine/src/device/fit/fleet';
import { layoutOf } from '../../engine/src/device/fit/terms';
import type { Kernel } from '../../engine/src/device/kernel';
import { publishedModels, publishedRuns, timesOf, type Run } from './ncnn-data';

export interface Published {
  readonly models: ReadonlyMap<string, readonly Kernel[]>;
  readonly runs: readonly Run[];
  /** In the order of the runs. */
  readonly times: readonly Times[];
}

export type PublishedKind = 'cpu' | 'vulkan' | 'cpu-int8';

/** Runs with fewer models than this are not used; only eight were measured in int8. */
const leastModels = { cpu: 20, vulkan: 20, 'cpu-int8': 6 };

export function published(kind: PublishedKind): Published {
  const models = publishedModels(kind === 'cpu-int8' ? 'int8' : 'float');
  const backend = kind === 'vulkan' ? 'vulkan' : 'cpu';
  const runs = publishedRuns().filter(
    (run) => run.backend === backend && timesOf(run, models.keys()).size >= leastModels[kind],
  );
  return { models, runs, times: runs.map((run) => timesOf(run, models.keys())) };
}

export function fitPublished({ models, times }: Published): Fleet {
  return fitFleet(layoutOf(models.values()), models, times);
}
