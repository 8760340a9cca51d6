/**
 * Says for every layer what it would best suffer, from the weights alone: of pruning its channels and
 * of decomposing it, whatever saves most of the model's MACs while the predicted error of the model's
 * outputs stays small. It is an estimate; a run with data proves it.
 */

import type { LayerAdvice, LayerInfo, ModelAdvice, PredictedEffect } from '#protocol/inspection';
import { analyzeChannels, type ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import { channelCosts } from '../channels/cost';
import { inspect } from '../inspect/inspect';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { findDecomposable, type DecomposableLayer } from '../passes/decompose/layers';
import { bestDecomposition, isTooLarge, type Decomposing } from './decomposing';
import { errorGains } from './gains';
import { channelMoments } from './moments';
import { PruningAdvisor, type Pruning, type Saving } from './pruning';

export interface AdviceOptions {
  /**
   * Largest root mean square error of the model's output that is predicted, relative to the output.
   * The default is measured: `docs/results.md`, Advice.
   */
  readonly tolerance?: number;
  /** Time after which the layers that are left get no advice, in milliseconds. */
  readonly patience?: number;
  /** Models with more bytes of weights get no advice. */
  readonly mostWeightBytes?: number;
}

export const defaultTolerance = 0.2;
/**
 * What saves less of the layer's own MACs is not worth a word. A decomposition has to save more,
 * because a chain of layers writes and reads what one layer keeps to itself.
 */
const leastSaving = { pruning: 0.1, decomposing: 0.3 };

/** Reads the weights of the layers; the same model gives the same advice unless the time runs out. */
export function adviseLayers(given: Model, options: AdviceOptions = {}): ModelAdvice {
  const { tolerance = defaultTolerance, patience = Infinity } = options;
  const { mostWeightBytes = 256e6 } = options;
  const { model } = inlineFunctions(given);
  const { layers, totals } = inspect(model, { path: '' });
  if (totals.weightBytes > mostWeightBytes) {
    const megabytes = Math.round(mostWeightBytes / 1e6);
    return { layers: [], note: `models with more than ${megabytes} MB of weights get no advice` };
  }
  const advisor = new Advisor(analyzeChannels(model), tolerance);
  const end = performance.now() + patience;
  const costly = layers.filter(({ macs }) => macs > 0).sort((a, b) => b.macs - a.macs);
  const advice: LayerAdvice[] = [];
  for (const layer of costly) {
    if (performance.now() > end) {
      const note = `working it out takes long: ${costly.length - advice.length} layers have no advice`;
      return { layers: advice, note };
    }
    advice.push(advisor.advise(layer));
  }
  return { layers: advice, note: null };
}

class Advisor {
  private readonly pruning: PruningAdvisor;
  private readonly costs: ReturnType<typeof channelCosts>;
  private readonly gains: ReadonlyMap<string, number>;
  private readonly decomposable: ReadonlyMap<string, DecomposableLayer>;

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly tolerance: number,
  ) {
    const moments = channelMoments(analysis);
    this.costs = channelCosts(analysis);
    this.gains = errorGains(analysis, moments);
    this.pruning = new PruningAdvisor(analysis, this.costs, moments, this.gains);
    const found = findDecomposable(analysis.model).layers;
    this.decomposable = new Map(
      found.flatMap((layer) => ('reason' in layer ? [] : [[nodeLabel(layer.node), layer]])),
    );
  }

  advise(layer: LayerInfo): LayerAdvice {
    const group = this.analysis.groups.find(({ id }) => id === layer.group);
    const prunings = group ? this.pruning.prunings(group) : [];
    const pruning = prunings.filter(({ error }) => error <= this.tolerance).at(-1);
    const decomposing = this.decompositionOf(layer);
    const own = layer.macs / this.costs.macs;
    const prunes = pruning !== undefined && pruning.macsSaved >= leastSaving.pruning * own;
    const decomposes =
      decomposing !== undefined && decomposing.macsSaved >= leastSaving.decomposing * own;
    if (prunes && !(decomposes && decomposing.macsSaved > pruning.macsSaved)) {
      const glob = group!.layers.includes(layer.name) ? layer.name : group!.id;
      return pruneAdvice(layer, glob, group!.id, pruning);
    }
    if (decomposes) {
      const glob = this.decomposable.get(layer.node)!.name;
      return decomposeAdvice(layer, glob, decomposing);
    }
    return { layer: layer.name, kind: 'leave', reason: this.reason(layer, group, prunings) };
  }

  private decompositionOf(layer: LayerInfo): Decomposing | undefined {
    const found = this.decomposable.get(layer.node);
    const gain = found && this.gains.get(found.node.output[0]);
    if (!found || gain === undefined) return undefined;
    return bestDecomposition(found, this.costs, gain, this.tolerance);
  }

  private reason(
    layer: LayerInfo,
    group: ChannelGroup | undefined,
    prunings: readonly Pruning[],
  ): string {
    const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
    const decomposable = this.decomposable.get(layer.node);
    if ((group && this.pruning.isTooLarge(group)) || (decomposable && isTooLarge(decomposable))) {
      return 'it is too large to be looked at in the time that a hint has';
    }
    const rest = 'no decomposition saves enough';
    if (layer.pinned !== null && prunings.length === 0)
      return `its channels must stay, and ${rest}`;
    const [least] = prunings;
    if (!least || least.error <= this.tolerance) return 'nothing saves enough';
    return `removing ${percent(least.ratio)} of its channels would cost an error of ${percent(least.error)} already, and ${rest}`;
  }
}

function effectOf({ macsSaved, paramsSaved, error }: Saving): PredictedEffect {
  return { macsSaved, paramsSaved, error };
}

function pruneAdvice(
  { name }: LayerInfo,
  glob: string,
  group: string,
  pruning: Pruning,
): LayerAdvice {
  const { ratio } = pruning;
  return { layer: name, kind: 'prune', glob, group, ratio, ...effectOf(pruning) };
}

function decomposeAdvice({ name }: LayerInfo, glob: string, decomposing: Decomposing): LayerAdvice {
  const { method, ranks } = decomposing;
  return {
    layer: name,
    kind: 'decompose',
    glob,
    method: method.id,
    ranks,
    ...effectOf(decomposing),
  };
}
