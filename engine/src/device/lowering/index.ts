/** All rules. */

import type { LoweringRules } from './rules';
import { ncnn } from './ncnn';
import { ortCpu } from './ort-cpu/index';

export const allRules: readonly LoweringRules[] = [ncnn, ortCpu];

/** @throws Error for an id that no rules have: profiles are checked when they are read. */
export function findRules(id: string): LoweringRules {
  const found = allRules.find((rules) => rules.id === id);
  if (!found) throw new Error(`There are no lowering rules "${id}".`);
  return found;
}
