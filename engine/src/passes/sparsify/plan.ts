/** Decides which weights become zero: scores them, lays the pattern over them, and says why. */

import type { Issue } from '../../ir/issue';
import { idlePatterns, layerRule } from '../layer-rules';
import type { PassNote } from '../pass';
import type { Importance } from './importance/importance';
import type { SparsifyOptions } from './options';
import { blockMask, globalMasks, layerMask, outputMask, parseBlock } from './patterns';
import type { FoundWeights, Weight } from './weights';

export interface SparsityPlan {
  /** 1 where a weight becomes zero. */
  readonly masks: ReadonlyMap<Weight, Uint8Array>;
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
}

/** A weight that takes part, with its scores and the share of zeros that it is to get. */
interface Scored {
  readonly weight: Weight;
  readonly scores: Float64Array;
  /** Its own share by `layers`; undefined where it shares the model's. */
  readonly own: number | undefined;
  readonly patterns: readonly string[];
}

/** @param norms of what the weights multiply, for a criterion that asks for them. */
export function planZeros(
  { weights, left }: FoundWeights,
  importance: Importance,
  norms: ReadonlyMap<Weight, Float64Array>,
  options: SparsifyOptions,
): SparsityPlan {
  const notes: PassNote[] = [];
  const leave = (weight: Weight, reason: string): void => {
    const nonzeros = countNonzeros(weight);
    notes.push({ ...noteOf(weight), before: nonzeros, after: nonzeros, reason });
  };
  const block = parseBlock(options.pattern);
  const scored = weights.flatMap((weight): Scored[] => {
    const rule = layerRule(namesOf(weight), options.layers);
    const because = rule.patterns.join(', ');
    if (rule.skip) leave(weight, `left as it is by layers: ${because}`);
    else if (importance.needsInputs && !norms.has(weight)) {
      leave(weight, `${importance.id} has no norms of the state it multiplies`);
    } else if (block && weight.matrix.channels % block.of > 0) {
      const { channels } = weight.matrix;
      leave(
        weight,
        `an output reads ${channels} input channels, no multiple of ${block.of}, so the pattern does not fit`,
      );
    } else {
      const scores = importance.score(weight, norms.get(weight));
      return [{ weight, scores, own: rule.sparsity, patterns: rule.patterns }];
    }
    return [];
  });
  const masks = masksOf(scored, options);
  for (const { weight, own, patterns } of scored) {
    const before = countNonzeros(weight);
    const after = countNonzeros(weight, masks.get(weight));
    const zeros = `${percent(1 - after / weight.values.length)} zeros (before: ${percent(1 - before / weight.values.length)})`;
    const why = own === undefined ? '' : `; sparsity ${own} by layers: ${patterns.join(', ')}`;
    notes.push({
      ...noteOf(weight),
      before,
      after,
      reason: `${zeros}, ${options.pattern}, ${importance.id}${why}`,
    });
  }
  for (const { name, layers, nonzeros, reason } of left) {
    const subject = layers[0] ?? name;
    notes.push({ subject, layers, counts: 'weights', before: nonzeros, after: nonzeros, reason });
  }
  const kind = 'layer with weights that can become zero';
  const issues = idlePatterns(weights.map(namesOf), options.layers, kind, 'inspect');
  return { masks, notes, issues };
}

function masksOf(
  scored: readonly Scored[],
  { pattern, sparsity, scope, max_sparsity: most }: SparsifyOptions,
): Map<Weight, Uint8Array> {
  const block = parseBlock(pattern);
  const masks = new Map<Weight, Uint8Array>();
  const shared: Scored[] = [];
  for (const each of scored) {
    const { weight, scores, own } = each;
    const share = own ?? sparsity;
    if (block) masks.set(weight, blockMask(scores, weight.matrix, block));
    else if (scope === 'output') masks.set(weight, outputMask(scores, weight.matrix, share!));
    else if (scope === 'layer' || own !== undefined) masks.set(weight, layerMask(scores, share!));
    else shared.push(each);
  }
  if (shared.length > 0) {
    const scores = shared.map((each) => each.scores);
    globalMasks(scores, sparsity!, most).forEach((mask, i) => masks.set(shared[i].weight, mask));
  }
  return masks;
}

/** Globs reach a weight by its own name or by one of its layers. */
function namesOf({ name, layers }: Weight): readonly string[] {
  return [name, ...layers];
}

function noteOf({ name, layers }: Weight): Pick<PassNote, 'subject' | 'layers' | 'counts'> {
  return { subject: layers[0] ?? name, layers, counts: 'weights' };
}

function countNonzeros({ values }: Weight, mask?: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0 && !mask?.[i]) count++;
  return count;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
