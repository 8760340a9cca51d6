/** Quantizes one layer at a time: its weight, what it reads, or both. */

import type { WidthSensitivity } from '#protocol/sensitivity';
import type { Lanes } from '../../../runtime/lanes';
import type { PassContext } from '../../pass';
import type { Survey } from '../draft';
import { roundedBias } from '../simulate';
import type { Batches } from './batches';
import { Outcome } from './outcome';
import { ReadStatistics } from './read-statistics';
import { tryLayers, type Trial } from './trials';
import type { Width } from './width';

export type AloneEffects = Pick<WidthSensitivity, 'only' | 'onlyWeights' | 'onlyActivations'>;

export interface AloneResult {
  /** By width. */
  readonly effects: readonly AloneEffects[];
  readonly read: ReadStatistics;
}

type Context = Pick<PassContext, 'signal' | 'progress'> & { readonly lanes: Lanes };

/** @param partSamples samples that the weight alone and the input alone are measured on. */
export async function tryAlone(
  { model, placement }: Survey,
  widths: readonly Width[],
  partSamples: number,
  batches: Batches,
  context: Context,
): Promise<Map<string, AloneResult>> {
  const layers = placement.layers.map((site) => ({ ...site, outcomes: widths.map(threeOutcomes) }));
  const outcomes = new Map(layers.map(({ name, outcomes }) => [name, outcomes]));
  const reads = new Map(layers.map(({ name }) => [name, new ReadStatistics(batches.truths)]));
  const gridsOf = ({ name }: { name: string }, width: Width) =>
    width.blueprint.grids.get(width.blueprint.layers.get(name)!.site.input);
  await tryLayers(
    { model, layers },
    batches,
    {
      trials: (layer) =>
        widths.flatMap((width, i): Trial[] => {
          const { only, onlyWeights, onlyActivations } = outcomes.get(layer.name)![i];
          const weight = width.weights.get(layer.name)!;
          const grid = gridsOf(layer, width);
          const bias = roundedBias(width.blueprint.layers.get(layer.name)!, width.blueprint);
          return [
            { weight, bias, grid, samples: Infinity, outcome: only },
            { weight, samples: partSamples, outcome: onlyWeights },
            { grid, samples: partSamples, outcome: onlyActivations },
          ];
        }),
      onRead: ({ name }, truth, statistics) => reads.get(name)!.add(truth, statistics),
    },
    context,
  );
  return new Map(
    layers.map(({ name, outcomes }) => {
      const effects = outcomes.map(({ only, onlyWeights, onlyActivations }) => ({
        only: only.effect(batches.truths),
        onlyWeights: onlyWeights.effect(batches.truths),
        onlyActivations: onlyActivations.effect(batches.truths),
      }));
      return [name, { effects, read: reads.get(name)! }];
    }),
  );
}

function threeOutcomes(): Record<keyof AloneEffects, Outcome> {
  return { only: new Outcome(), onlyWeights: new Outcome(), onlyActivations: new Outcome() };
}
