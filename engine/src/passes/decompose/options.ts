/** The options of decomposition: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { recoveryOptions, tuningProblem } from '../recovery/tuning';
import { methods } from './methods/index';

const share = z.number().gt(0).lt(1);
const rank = z.int().min(1);
const method = z.enum(['auto', ...methods.map((each) => each.id)]);

const layerOptions = z.strictObject({
  method: method.optional().describe('How these layers are decomposed.'),
  ranks: z
    .union([rank, z.array(rank).min(1)])
    .optional()
    .describe('Ranks of these layers, in the order of the method; one number stands for all.'),
  skip: z.boolean().optional().describe('Leaves these layers as they are.'),
});

export const decomposeOptions = z
  .strictObject({
    method: method
      .default('auto')
      .describe('How layers are decomposed; `auto` takes for each layer what loses least.'),
    macs: share
      .optional()
      .describe(
        'Share of the multiply-accumulates that is left, by one trade-off over all layers.',
      ),
    params: share
      .optional()
      .describe('Share of the params that is left, by one trade-off over all layers.'),
    energy: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('Share of the energy (squared singular values) that the ranks of each layer keep.'),
    evbmf: z
      .boolean()
      .optional()
      .describe(
        'Ranks by empirical variational Bayesian matrix factorization: what stands out of noise.',
      ),
    rank: z
      .union([rank, z.array(rank).min(1)])
      .optional()
      .describe('The same ranks for all layers, in the order of the method; one number for all.'),
    calibration_ratio: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe(
        'Moves the ranks of `evbmf`: by this share of what lies between them and the full rank.',
      ),
    round: z.int().min(1).default(1).describe('Ranks become a multiple of this.'),
    min_rank: z.int().min(1).default(1).describe('Smallest rank.'),
    layers: z
      .record(z.string(), layerOptions)
      .default({})
      .describe('Exceptions for layers, by glob on their names; later ones win.'),
    only_where_faster: z
      .boolean()
      .default(false)
      .describe(
        'Leaves layers alone that are not faster here when decomposed; as times differ from run to run, so may the result.',
      ),
    ...recoveryOptions,
    samples: z
      .int()
      .min(1)
      .default(1024)
      .describe('Calibration samples that the decomposition and recovery look at.'),
    seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
  })
  .superRefine((options, { addIssue }) => {
    const { macs, params, energy, evbmf, rank: ranks, layers } = options;
    const amounts = [macs, params, energy, evbmf || undefined, ranks];
    const given = amounts.filter((each) => each !== undefined).length;
    const some = Object.values(layers).some((each) => each.ranks !== undefined);
    const problem = (message: string): void => addIssue({ code: 'custom', message });
    const untuned = tuningProblem(options);
    if (untuned) problem(untuned);
    if (given > 1 || (given === 0 && !some)) {
      problem(
        'Give exactly one of macs or params (shares left), energy, evbmf or rank; or ranks under layers alone.',
      );
    }
    if (options.calibration_ratio !== 0 && !evbmf) {
      problem('A calibration_ratio moves the ranks that evbmf gives: it needs evbmf.');
    }
    if (Array.isArray(ranks) && ranks.length > 1 && options.method === 'auto') {
      problem('Several ranks mean something to one method only: give the method, too.');
    }
  });

export type DecomposeOptions = z.infer<typeof decomposeOptions>;
export type LayerOptions = z.infer<typeof layerOptions>;
