/**
 * What a layer takes at each width, so that the latency of a model is nearly a sum over its layers:
 * `t ≈ rest + Σ c(layer, width)`. Variants of the model are measured, each with other widths in other
 * layers, and compared with the first. A layer's cost is the time of its kernel in the variant that
 * gives it the width, and its share of what this variant takes more than the first outside of the
 * kernels of layers: a float among integers costs its conversions as much as its kernel. Of each
 * variant that alone gives its widths the sum is exact.
 */

import { sizedTypes } from '../../../inspect/sized-types';
import type { Model } from '../../../ir/model';
import { inferTypes } from '../../../ops/infer';
import type { ModelCosts } from '../layer-costs';
import type { LayerSite } from '../placement';
import type { Item } from './items';

export interface Variant {
  /** For each item the index of its candidate. */
  readonly chosen: readonly number[];
  readonly costs: ModelCosts;
}

export interface LatencyTable {
  /** Milliseconds that every choice takes. */
  readonly restMs: number;
  /** Milliseconds of each item's candidates; infinite for those that no variant has. */
  readonly layersMs: readonly (readonly number[])[];
}

/** @param variants where several give a layer the same width, the first one counts. */
export function latencyTable(
  model: Model,
  items: readonly Item[],
  variants: readonly Variant[],
): LatencyTable {
  const [base] = variants;
  const traffic = trafficOf(model, items);
  const restOf = ({ costs }: Variant): number =>
    costs.totalMs - items.reduce((sum, { site }) => sum + kernelMs(site, costs), 0);
  const layersMs = items.map(({ candidates }) => candidates.map(() => Infinity));
  for (const variant of variants) {
    const { chosen, costs } = variant;
    const changed = [...items.keys()].filter((i) => chosen[i] !== base.chosen[i]);
    const all = changed.reduce((sum, i) => sum + traffic[i], 0);
    const besides = restOf(variant) - restOf(base);
    for (const [i, { site }] of items.entries()) {
      const share = chosen[i] === base.chosen[i] ? 0 : (besides * traffic[i]) / all;
      if (layersMs[i][chosen[i]] === Infinity)
        layersMs[i][chosen[i]] = kernelMs(site, costs) + share;
    }
  }
  return { restMs: restOf(base), layersMs };
}

/** What is fused into another node's kernel takes nothing. */
function kernelMs({ node }: LayerSite, { nodes }: ModelCosts): number {
  const time = nodes.get(node.output[0]);
  return time && 'ms' in time ? time.ms : 0;
}

/** Elements that each layer reads and gives: what has to be converted. */
function trafficOf(model: Model, items: readonly Item[]): number[] {
  const { sizes, sized } = sizedTypes(model, {}, inferTypes(model, {}));
  const elements = (value: string): number =>
    (sized.type(value)?.shape ?? []).map(sizes.resolve).reduce((a, b) => a * b, 1);
  return items.map(({ site }) => elements(site.input) + elements(site.output));
}
