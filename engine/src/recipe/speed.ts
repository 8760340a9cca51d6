/** Whether a smaller model is also a faster one here, and why not. */

import type { Target } from '../device/profile';
import type { Issue } from '../ir/issue';
import { blockOf } from '../passes/prune/alignment';
import type { ModelFigures } from '../report/report';
import type { FinishedStep } from './run-folder';

/** Differences below this share are noise of the measurement. */
const noise = 0.05;

/** Runtimes compute channels in blocks of this many or a multiple of it. */
const block = 8;

/** A warning for a result that does less work in more time; undefined where there is nothing to say. */
export function speedIssue(
  before: ModelFigures,
  after: ModelFigures,
  steps: readonly Pick<FinishedStep, 'pass' | 'options'>[],
  device?: Target,
): Issue | undefined {
  if (before.latencyMs === null || after.latencyMs === null || after.macs >= before.macs) return;
  if (after.latencyMs <= before.latencyMs * (1 + noise)) return;
  const unrounded = steps.some(
    ({ pass, options }) =>
      pass === 'prune' && Number(options.round ?? blockOf(device)) % block !== 0,
  );
  const advice = unrounded
    ? ` Runtimes compute channels in blocks, and counts that do not fill them cost more than they save: prune with round ${block} or ${2 * block}.`
    : '';
  const untimed = steps.some(
    ({ pass, options }) => pass === 'decompose' && options.only_where_faster !== true,
  );
  const decomposing = untimed
    ? ' Several thin layers may take longer than a thick one: decompose with only_where_faster.'
    : '';
  return {
    severity: 'warning',
    code: 'not-faster',
    message:
      `The result is slower here, ${after.latencyMs.toPrecision(3)} ms instead of ` +
      `${before.latencyMs.toPrecision(3)} ms, although it has fewer MACs.${advice}${decomposing}`,
  };
}
