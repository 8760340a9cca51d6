/**
 * Masked = cut on whole models: every group that can be cut, and random subsets of groups together.
 * A sample of both by default; COPPICE_FULL=1 takes all groups and 50 subsets of every model.
 */

import { describe, expect, test } from 'vitest';
import { inspect } from '../inspect/inspect';
import { validateModel } from '../ir/validate';
import { seededRandom, type Random } from '../linalg/random';
import { compareMaskedAndCut, runModel } from '../../../test/support/masked-equals-cut';
import {
  hasModels,
  openTrained,
  trainedFeeds,
  trainedModels,
} from '../../../test/support/trained-models';
import { analyzeChannels } from './analyze';
import { channelCosts } from './cost';
import { cutChannels } from './cut';
import type { ChannelGroup } from './group';
import { summarizeChannels, summaryLines } from './summary';

const isFull = process.env.COPPICE_FULL === '1';

/** How far the two may be apart, relative to the largest value of the output. */
const bound = 1e-4;

describe.skipIf(!hasModels)('models of ../shared/models (skipped without them)', () => {
  test.each(trainedModels.map((each) => [each.name, each] as const))(
    '%s: masked = cut',
    async (name, trained) => {
      const model = openTrained(trained, 'to run');
      const analysis = analyzeChannels(model);
      const feeds = trainedFeeds(trained);
      const original = await runModel(model, feeds);
      const random = seededRandom(3);
      const free = analysis.groups.filter((group) => !group.pinned);
      const alone = free.filter((_, i) => isFull || i % (trained.every ?? 1) === 0);
      const together = Array.from({ length: isFull ? 50 : (trained.subsets ?? 1) }, () =>
        free.filter(() => random.uniform() < 0.5),
      );
      let worst = 0;
      const effects: number[] = [];
      for (const groups of [...alone.map((group) => [group]), ...together]) {
        const cuts = new Map(groups.map((group) => [group.id, someUnits(group, random)]));
        const { error, effect } = await compareMaskedAndCut(model, analysis, cuts, feeds, original);
        worst = Math.max(worst, error);
        if (cuts.size > 0) effects.push(effect);
        expect({ name, groups: [...cuts.keys()], error: Math.max(error, bound) }).toEqual({
          name,
          groups: [...cuts.keys()],
          error: bound,
        });
      }
      // Outputs that no cut can change would prove nothing; a few groups may be dead on this input.
      const felt = effects.filter((effect) => effect > 10 * bound).length / effects.length;
      expect(felt).toBeGreaterThan(0.8);
      if (isFull) {
        const runs = `${alone.length} groups, ${together.length} subsets, worst ${worst.toExponential(1)}, felt by the output ${Math.round(100 * felt)} %`;
        console.log([`${name}: ${runs}`, ...summaryLines(analysis)].join('\n  '));
      }
    },
    isFull ? 3_600_000 : 120_000,
  );

  test.each(trainedModels.filter(({ plain }) => plain).map((each) => [each.name, each] as const))(
    '%s: only outputs are pinned',
    (_, trained) => {
      const { pinned } = summarizeChannels(analyzeChannels(openTrained(trained, 'to look at')));
      expect(pinned.map(({ reason }) => reason)).toEqual(
        pinned.map(
          () => expect.stringMatching(/^its channels leave the model at output/) as string,
        ),
      );
      expect(pinned).toHaveLength(1);
    },
  );

  test.each(trainedModels.map((each) => [each.name, each] as const))(
    '%s: a third of everything less, the cost as foretold',
    (name, trained) => {
      const model = openTrained(trained, 'to look at');
      const analysis = analyzeChannels(model);
      const free = analysis.groups.filter((group) => !group.pinned);
      const cuts = new Map(
        free.map(({ id, units }) => [id, [...Array(Math.floor(units / 3)).keys()]]),
      );
      const cut = cutChannels(analysis, cuts);
      expect(validateModel(cut)).toEqual(validateModel(model));
      const foretold = channelCosts(analysis);
      for (const [i, { id }] of analysis.groups.entries()) {
        foretold.remove(i, cuts.get(id)?.length ?? 0);
      }
      const { macs, params, weightBytes } = inspect(cut, { path: '' }).totals;
      expect(foretold.params).toBe(params);
      // Cutting may add or drop a constant of a few integers that spell sizes.
      expect(Math.abs(foretold.bytes / weightBytes - 1)).toBeLessThan(5e-4);
      // Branches on the sampling rate leave shapes open that a given rate would decide.
      if (name !== 'silero-vad-16k') expect(foretold.macs).toBe(macs);
    },
  );
});

/** About half of the units, at least one. */
function someUnits(group: ChannelGroup, random: Random): number[] {
  const units = random.shuffle([...Array(group.units).keys()]);
  return units.slice(0, Math.max(1, Math.floor(group.units / 2)));
}
