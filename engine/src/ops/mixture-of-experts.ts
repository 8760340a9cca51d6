/** MoE and QMoE: every token runs through the `k` experts that a router picks. */

import { intAttribute } from '../ir/attributes';
import type { CostRule, Op } from './op';
import { sameAsInput, sizeOf } from './rules';

const domain = 'com.microsoft';

/** Inputs: states, router, then weight and bias of two or three layers. */
export const mixtureOfExperts: Op = {
  type: 'MoE',
  domain,
  shape: sameAsInput,
  cost: expertCost([2, 4, 6], () => 1),
};

/** Inputs: states, router, then packed weight, scale and bias of two or three layers. */
export const quantizedMixtureOfExperts: Op = {
  type: 'QMoE',
  domain,
  shape: sameAsInput,
  cost: expertCost([2, 5, 8], (node) => 8 / intAttribute(node, 'expert_weight_bits', 4)),
};

/** Weights are [experts, out, in]; the last axis may hold several elements in each byte. */
function expertCost(
  weights: readonly number[],
  elementsPerByte: (node: Parameters<CostRule>[0]['node']) => number,
): CostRule {
  return ({ node, inputs }) => {
    const tokens = sizeOf(inputs[0]?.slice(0, -1));
    const expert = weights.reduce((sum, i) => sum + sizeOf(inputs[i]?.slice(1)), 0);
    return { macs: tokens * intAttribute(node, 'k', 1) * expert * elementsPerByte(node) };
  };
}
