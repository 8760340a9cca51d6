/** What each layer's weights cost the output at each width, nothing else being quantized. */

import type { PassContext } from '../../pass';
import type { Survey } from '../draft';
import { Outcome } from '../sensitivity/outcome';
import { tryLayers } from '../sensitivity/trials';
import type { Width } from '../sensitivity/width';
import { noiseShare, type Judge } from './judge';

/** Samples that are looked at: noise is a mean over all outputs, which few samples tell well. */
const samples = 64;

/** Noise as a share of the output's power, by layer and width. Noises of layers add up. */
export async function weightLosses(
  { model, placement }: Survey,
  widths: readonly Width[],
  { lanes, batches }: Judge,
  { signal, progress }: PassContext,
): Promise<Map<string, number[]>> {
  const { layers } = placement;
  const outcomes = new Map(layers.map(({ name }) => [name, widths.map(() => new Outcome())]));
  const trials = ({ name }: { readonly name: string }) =>
    widths.map(({ weights }, i) => ({
      weight: weights.get(name)!,
      samples,
      outcome: outcomes.get(name)![i],
    }));
  await tryLayers({ model, layers }, batches, { trials }, { lanes, signal, progress });
  const loss = (outcome: Outcome): number => noiseShare(outcome.effect(batches.truths).sqnrDb);
  return new Map([...outcomes].map(([name, each]) => [name, each.map(loss)]));
}
