/** Writes advice into a recipe: as exceptions for layers in its steps, which are added where missing. */

import type { LayerAdvice } from '#protocol/inspection';
import { parseRecipe, type ParsedRecipe } from '#engine/recipe/parse';
import { isMap, isScalar, isSeq } from 'yaml';
import { adviceText } from '../hints/advice-text';
import { appendAt, mergeAt, type Fields, type TextEdit } from './yaml-edit';

/** Advice to do something. */
export type Change = Exclude<LayerAdvice, { kind: 'leave' }>;

export function isChange(advice: LayerAdvice): advice is Change {
  return advice.kind !== 'leave';
}

/** `Prune layer1.0.conv1 by 40 %`, `Decompose layer2.0.conv1: Tucker-2, ranks 16, 24`. */
export function titleOf(change: Change): string {
  if (change.kind === 'prune') {
    return `Prune ${change.glob} by ${adviceText(change).replace('prune ', '')}`;
  }
  const { glob, method, ranks } = change;
  const title = { tucker2: 'Tucker-2', svd: 'SVD' }[method] ?? method;
  return `Decompose ${glob}: ${title}, ${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(', ')}`;
}

/** One change for each channel group and each layer that is decomposed. */
export function distinctChanges(advice: Iterable<LayerAdvice>): Change[] {
  const changes = new Map<string, Change>();
  for (const each of advice) {
    if (!isChange(each)) continue;
    const key = each.kind === 'prune' ? `group ${each.group}` : `layer ${each.layer}`;
    if (!changes.has(key)) changes.set(key, each);
  }
  return [...changes.values()];
}

/**
 * The edits that make a recipe follow the changes: in the step at `step` where one is given, else in the
 * last step of the right kind, else in a new one at the end.
 *
 * @returns undefined where the text is too broken, or written in a way that cannot be edited safely.
 */
export function followEdits(
  text: string,
  changes: readonly Change[],
  step?: number,
  parsed: ParsedRecipe = parseRecipe(text),
): TextEdit[] | undefined {
  const { document } = parsed;
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const edits: TextEdit[] = [];
  const added: Fields[] = [];
  for (const pass of ['prune', 'decompose'] as const) {
    const wanted = changes.filter(({ kind }) => kind === pass);
    if (wanted.length === 0) continue;
    const at = step ?? lastStep(parsed, pass);
    if (at === undefined) {
      added.push({ [pass]: { layers: layersOf(wanted, parsed, undefined) } });
      continue;
    }
    const path = ['steps', at, pass];
    const merged = mergeAt(text, document, path, { layers: layersOf(wanted, parsed, path) });
    if (!merged) return undefined;
    edits.push(...merged);
  }
  if (added.length === 0) return edits;
  const made = isSeq(document.get('steps', true))
    ? appendAt(text, document, ['steps'], added)
    : mergeAt(text, document, [], { steps: added });
  return made && [...edits, ...made];
}

function lastStep({ document }: ParsedRecipe, pass: string): number | undefined {
  const steps = document.get('steps', true);
  if (!isSeq(steps)) return undefined;
  const at = steps.items.findLastIndex((item) => isMap(item) && item.has(pass));
  return at < 0 ? undefined : at;
}

/** What stands below `layers`; an exception that left the layer alone is lifted. */
function layersOf(
  changes: readonly Change[],
  { document }: ParsedRecipe,
  step: readonly (string | number)[] | undefined,
): Fields {
  return Object.fromEntries(
    changes.map((change) => {
      const skip = step && document.getIn([...step, 'layers', change.glob, 'skip'], true);
      const options: Fields =
        change.kind === 'prune'
          ? { ratio: change.ratio }
          : { method: change.method, ranks: change.ranks };
      const isLeft = isScalar(skip) && skip.value === true;
      return [change.glob, isLeft ? { ...options, skip: false } : options];
    }),
  );
}
