/** The account of a decomposition: a line for every layer, and a word where the target was missed. */

import type { Issue } from '../../ir/issue';
import type { PassNote } from '../pass';
import type { FoundLayers } from './layers';
import { costAfter, costBefore, spelled, type Decision, type Target } from './plan';

/** One note for each layer, in the order of the graph. */
export function notesOf(
  { layers }: FoundLayers,
  decisions: readonly Decision[],
  reasons: ReadonlyMap<string, string>,
): PassNote[] {
  const decided = new Map(decisions.map((each) => [each.subject.study.layer.name, each]));
  return layers.map(({ name, macs }) => {
    const decision = decided.get(name);
    return {
      subject: name,
      layers: [name],
      counts: 'macs',
      before: macs,
      after: decision?.candidate?.macs ?? macs,
      reason: decision ? reasonOf(decision) : reasons.get(name)!,
    };
  });
}

function reasonOf({ subject: { study }, candidate, reason }: Decision): string {
  if (!candidate) return reason;
  const error = Math.sqrt(study.decompose(candidate).error);
  const where = study.moments ? 'of its output on calibration data' : 'of its weights';
  return `${spelled(candidate)}: relative error ${error.toPrecision(2)} ${where}`;
}

/** Relative to the original, how far from its target a result may be without a word. */
const tolerance = 0.01;

export function missedTarget(
  found: FoundLayers,
  decisions: readonly Decision[],
  target: Target | undefined,
): Issue[] {
  if (!target) return [];
  const { quantity, share } = target;
  const saved = decisions.reduce(
    (sum, each) => sum + costBefore(each.subject, quantity) - costAfter(each, quantity),
    0,
  );
  const reached = 1 - saved / found[quantity];
  if (Math.abs(reached - share) <= tolerance) return [];
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const why =
    reached > share
      ? 'exceptions, the smallest ranks and the layers that cannot be decomposed (see the notes) allow no less'
      : 'the steps between possible ranks are that coarse; a smaller round would be finer';
  return [
    {
      severity: reached > share ? 'warning' : 'information',
      code: 'target-missed',
      message: `${percent(reached)} of the ${quantity === 'macs' ? 'MACs' : quantity} are left where ${percent(share)} were asked for: ${why}.`,
    },
  ];
}
