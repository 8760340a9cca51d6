/** What differs between two models: their figures, layers, operators and inputs and outputs. */

import type { ChangedShape, ModelComparison, OperatorCount } from '#protocol/comparison';
import type { Inspection, LayerInfo } from '#protocol/inspection';
import type { LayerComparison } from '#protocol/report';
import type { Bindings } from '../ir/dim';
import type { Model } from '../ir/model';
import { allGraphs } from '../ir/traverse';
import { inspect } from './inspect';

export interface Compared {
  readonly model: Model;
  readonly path: string;
}

/** Compares two models, at the same sizes where they leave some open. */
export function compareModels(before: Compared, after: Compared, bind?: Bindings): ModelComparison {
  const [a, b] = [before, after].map(({ model, path }) => inspect(model, { path, bind }));
  const pairs = matchLayers(a.layers, b.layers);
  return {
    before: { path: before.path, totals: a.totals },
    after: { path: after.path, totals: b.totals },
    layers: pairs.map(compareLayer),
    operators: countOperators(before.model, after.model),
    shapes: changedShapes(a, b, pairs),
    issues: [...a.issues, ...b.issues],
  };
}

type Pair = readonly [LayerInfo | undefined, LayerInfo | undefined];

/**
 * Layers of the first model in its order, each with its counterpart in the second; layers that only
 * the second has come last. Names decide; what they leave over is matched in graph order where
 * operator and params are the same, as after a renaming.
 */
export function matchLayers(before: readonly LayerInfo[], after: readonly LayerInfo[]): Pair[] {
  const rest = new Map(after.map((layer) => [layer.name, layer]));
  const named = before.map((layer): LayerInfo | undefined => {
    const found = rest.get(layer.name);
    if (found?.op !== layer.op) return undefined;
    rest.delete(layer.name);
    return found;
  });
  const alike = new Map<string, LayerInfo[]>();
  for (const layer of rest.values()) {
    const key = structureOf(layer);
    alike.set(key, [...(alike.get(key) ?? []), layer]);
  }
  const pairs = before.map((layer, i): Pair => {
    const found = named[i] ?? alike.get(structureOf(layer))?.shift();
    if (found) rest.delete(found.name);
    return [layer, found];
  });
  return [...pairs, ...[...rest.values()].map((layer): Pair => [undefined, layer])];
}

function structureOf({ op, params, macs, outputShape }: LayerInfo): string {
  return JSON.stringify([op, params, macs, outputShape]);
}

function compareLayer([before, after]: Pair): LayerComparison {
  const { name, op } = (before ?? after)!;
  return { name, op, before: figuresOf(before), after: figuresOf(after) };
}

function figuresOf(layer: LayerInfo | undefined): LayerComparison['before'] {
  return layer ? { params: layer.params, macs: layer.macs, channels: layer.channels ?? 0 } : null;
}

/** Operators of which the models have different numbers of nodes, subgraphs included. */
function countOperators(before: Model, after: Model): OperatorCount[] {
  const counts = [before, after].map((model) => {
    const byType = new Map<string, number>();
    for (const graph of allGraphs(model)) {
      for (const { domain, opType = '' } of graph.node) {
        const type = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : opType;
        byType.set(type, (byType.get(type) ?? 0) + 1);
      }
    }
    return byType;
  });
  return [...new Set(counts.flatMap((each) => [...each.keys()]))]
    .sort()
    .map((op) => ({ op, before: counts[0].get(op) ?? 0, after: counts[1].get(op) ?? 0 }))
    .filter((each) => each.before !== each.after);
}

/** Inputs, outputs and layers' outputs whose shapes differ. */
function changedShapes(a: Inspection, b: Inspection, pairs: readonly Pair[]): ChangedShape[] {
  const ends = (['inputs', 'outputs'] as const).flatMap((side) => {
    const others = new Map(b.model[side].map((each) => [each.name, each]));
    return a.model[side].map(({ name, shape }) => ({
      name,
      before: shape,
      after: others.get(name)?.shape ?? null,
    }));
  });
  const layers = pairs.flatMap(([before, after]) =>
    before && after
      ? [{ name: before.name, before: before.outputShape, after: after.outputShape }]
      : [],
  );
  return [...ends, ...layers].filter(
    (each) => JSON.stringify(each.before) !== JSON.stringify(each.after),
  );
}
