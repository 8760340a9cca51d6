import { describe, expect, test } from 'vitest';
import { analyzeChannels } from '../../channels/analyze';
import { cutChannels } from '../../channels/cut';
import { estimate } from '../../device/estimate';
import { findTarget } from '../../device/find-target';
import { allRules } from '../../device/lowering';
import { knownDevices } from '../../device/profiles';
import { workloadOf } from '../../device/workload';
import { seededRandom } from '../../linalg/random';
import { hasModels, openTrained, trainedModels } from '../../../../test/support/trained-models';
import { estimateAfter } from './latency';

const pi = findTarget('raspberry-pi-4', knownDevices);

/** One target for each way in which graphs become kernels; whatever the figures, they must agree. */
const targets = allRules.map(({ id }) => ({
  device: pi.device,
  profile: { ...pi.profile, lowering: { rules: id, block: 16, align: 4 } },
}));

describe.skipIf(!hasModels)('models of ../shared/models (skipped without them)', () => {
  test.each(trainedModels.map((each) => [each.name, each] as const))(
    '%s: the estimate of a cut is that of the model that was cut',
    (_, trained) => {
      const model = openTrained(trained, 'to look at');
      const analysis = analyzeChannels(model);
      const random = seededRandom(7);
      const removed = Int32Array.from(analysis.groups, ({ pinned, units }) =>
        pinned || random.uniform() < 0.5 ? 0 : Math.floor(random.uniform() * units),
      );
      const cuts = analysis.groups.map(
        ({ id }, i) => [id, Array.from({ length: removed[i] }, (_, unit) => unit)] as const,
      );
      const cut = workloadOf(cutChannels(analysis, new Map(cuts)));
      for (const target of targets) {
        const { ms } = estimate(cut, target);
        expect(estimateAfter(analysis, target)(removed).ms / ms).toBeCloseTo(1, 6);
      }
    },
  );
});
