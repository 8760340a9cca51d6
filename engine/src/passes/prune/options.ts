/** The options of pruning: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { memberChoices, policies } from '../../criteria/criterion';
import { criteria } from '../../criteria/index';
import { normalizations } from '../../criteria/normalize';
import { latencyOption } from '../latency-goal';
import { recoveryOptions, tuningProblem } from '../recovery/tuning';
import { lossKinds } from './curves/loss';
import { sparsityOptions } from './sparsity-training';

/** Which units compete with each other for staying. */
export const scopes = ['local', 'isomorphic', 'global'] as const;
export type Scope = (typeof scopes)[number];

/** What decides how much each group loses. */
export const allocations = ['scores', 'curves', 'slopes'] as const;

const share = z.number().gt(0).lt(1);
const removable = z.number().min(0).lt(1);

const layerOptions = z.strictObject({
  ratio: removable
    .optional()
    .describe('Share of the channels removed here, whatever the others lose.'),
  max_ratio: removable.optional().describe('Largest share of the channels that may go here.'),
  skip: z.boolean().optional().describe('Leaves the channel groups of these layers as they are.'),
});

export const pruneOptions = z
  .strictObject({
    criterion: z
      .enum(['auto', ...criteria.map((each) => each.id)])
      .default('auto')
      .describe(
        'How the importance of channels is judged; auto is contribution where there is calibration data, and fpgm where there is none.',
      ),
    scope: z
      .enum(scopes)
      .default('global')
      .describe(
        'Which channels compete: those of one group (every group loses the same share), those of groups of the same structure (every structure loses the same share), or all.',
      ),
    allocation: z
      .enum(allocations)
      .default('scores')
      .describe(
        'What decides how much each group loses: scores (one threshold for all), curves (each group is cut alone, and all go down to one level of harm), or slopes (the least harm in all for what is saved). The last two need calibration data.',
      ),
    curve_loss: z
      .enum(lossKinds)
      .default('divergence')
      .describe(
        'What curves measure: how far the outputs move from the original (no labels needed), or the accuracy that is lost (needs labels).',
      ),
    ratio: share.optional().describe('Share of the channels that is removed.'),
    macs: share.optional().describe('Share of the multiply-accumulates that is left.'),
    params: share.optional().describe('Share of the params that is left.'),
    bytes: share.optional().describe('Share of the bytes of weights that is left.'),
    latency: latencyOption
      .optional()
      .describe(
        'How long the result may take by the estimate for the device: a time such as 12 ms, or the share that is left, such as 0.6.',
      ),
    rounds: z
      .int()
      .min(1)
      .max(32)
      .default(1)
      .describe(
        'In how many rounds of ranking, cutting and recovery the amount is reached; each fine-tunes for its share of the epochs.',
      ),
    normalization: z
      .enum(['auto', ...normalizations])
      .default('auto')
      .describe(
        'How scores are brought to one scale before channels of different groups are compared.',
      ),
    policy: z
      .enum(policies)
      .default('sum')
      .describe(
        'How the scores of a channel in several coupled layers become one; sum protects residual trunks.',
      ),
    group_policy: z
      .enum(['sum', 'average'])
      .default('sum')
      .describe(
        'How the scores of channels that one unit ties within a layer become one: a channel in each group of a grouped convolution, the channels of a head.',
      ),
    members: z
      .enum(memberChoices)
      .default('producing')
      .describe(
        'Whether only the weights that make a channel speak for it, or those that read it too.',
      ),
    layers: z
      .record(z.string(), layerOptions)
      .default({})
      .describe('Exceptions for layers, by glob on their names; later ones win.'),
    min_channels: z.int().min(1).default(2).describe('Channels that every layer keeps at least.'),
    max_ratio: removable
      .default(0.7)
      .describe('Largest share of its channels that a group may lose.'),
    round: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Kept channels become a multiple of this. Default: as many as the device of the run computes at once; 1 without a device.',
      ),
    sparsity_training: sparsityOptions
      .optional()
      .describe(
        'Trains before the cut, so that channels that will go come near zero; with the options of `finetune`, a method and a strength.',
      ),
    ...recoveryOptions,
    scored_samples: z
      .int()
      .min(1)
      .default(256)
      .describe('Calibration samples that a criterion which looks at data sees.'),
    samples: z.int().min(1).default(1024).describe('Calibration samples that recovery looks at.'),
    seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
  })
  .refine(
    ({ ratio, macs, params, bytes, latency, layers }) => {
      const amounts = [ratio, macs, params, bytes, latency].filter(
        (each) => each !== undefined,
      ).length;
      const some = Object.values(layers).some((each) => each.ratio !== undefined);
      return amounts === 1 || (amounts === 0 && some);
    },
    {
      message:
        'Give exactly one of ratio (share removed), macs, params, bytes (shares left) or latency (a time or the share left); or ratios under layers alone.',
    },
  )
  .superRefine((options, { addIssue }) => {
    const message = tuningProblem(options);
    if (message) addIssue({ code: 'custom', message });
  });

export type PruneOptions = z.infer<typeof pruneOptions>;
