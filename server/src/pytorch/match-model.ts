/**
 * Finds where in a model the classes of a source occur. An instance of a class is a path below which
 * the model has all layers that the class always makes, of the right operators; where two classes fit
 * at one path, the one that asks for more is meant.
 */

import type { Inspection, LayerInfo } from '#protocol/inspection';
import { findLayerType } from './layer-types';
import { joinPath, LayerPaths } from './layer-paths';
import type { ModuleAttribute, ModuleClass } from './module-class';

export interface ModelMatch {
  readonly paths: LayerPaths;
  /** Paths of the instances of each class. */
  readonly instances: ReadonlyMap<string, readonly string[]>;
  /** How many of the attributes that hold layers were found, over all classes. */
  readonly found: number;
  readonly expected: number;
  /** Share of the model's layers that the classes account for, 0 … 1. */
  readonly explained: number;
  /** Layers whose channels differ from what the source spells. */
  readonly contradictions: number;
}

/** What a class says of one path below it. */
interface Expectation {
  readonly path: string;
  readonly required: boolean;
  readonly operators?: RegExp;
  readonly channels?: number;
  /** Only layers below the path are expected, not one at it. */
  readonly isModule: boolean;
}

export function matchModel(classes: readonly ModuleClass[], inspection: Inspection): ModelMatch {
  const paths = new LayerPaths(inspection);
  const expectations = new Map(classes.map((each) => [each.name, expectationsOf(each, paths)]));
  const claims = new Map<string, { name: string; weight: number; tied: boolean }>();
  for (const [name, expected] of expectations) {
    for (const prefix of instancesOf(expected, paths)) {
      const weight = expected.filter(
        ({ path }) => paths.layersAt(joinPath(prefix, path)).length > 0,
      );
      const other = claims.get(prefix);
      if (!other || weight.length > other.weight) {
        claims.set(prefix, { name, weight: weight.length, tied: false });
      } else if (weight.length === other.weight) other.tied = true;
    }
  }
  const instances = new Map<string, string[]>();
  for (const [prefix, { name, tied }] of claims) {
    // Two classes that look the same cannot be told apart: better no hint than a wrong one.
    if (!tied) instances.set(name, [...(instances.get(name) ?? []), prefix]);
  }
  return { paths, instances, ...judge(expectations, instances, paths) };
}

function instancesOf(expected: readonly Expectation[], paths: LayerPaths): string[] {
  const required = expected.filter((each) => each.required);
  const anchor = required.find(({ isModule }) => !isModule);
  if (!anchor) return [];
  const prefixes: string[] = [];
  for (const path of paths.paths()) {
    const prefix = prefixOf(path, anchor.path);
    if (prefix === undefined) continue;
    if (required.every((each) => isMet(each, prefix, paths))) prefixes.push(prefix);
  }
  return prefixes;
}

function isMet({ path, operators, isModule }: Expectation, prefix: string, paths: LayerPaths) {
  const at = joinPath(prefix, path);
  const layer = paths.layer(at);
  if (isModule) return layer === undefined && paths.layersAt(at).length > 0;
  return layer !== undefined && (operators?.test(layer.op) ?? true);
}

function prefixOf(path: string, end: string): string | undefined {
  if (path === end) return '';
  return path.endsWith(`.${end}`) ? path.slice(0, -end.length - 1) : undefined;
}

/** All paths below a class where it makes layers, the items of its containers among them. */
function expectationsOf({ attributes }: ModuleClass, paths: LayerPaths): Expectation[] {
  const times = new Map<string, number>();
  for (const { name } of attributes) times.set(name, (times.get(name) ?? 0) + 1);
  return attributes.flatMap((attribute) =>
    expect(attribute, '', attribute.optional || times.get(attribute.name)! > 1, paths),
  );
}

function expect(
  { name, value }: ModuleAttribute,
  prefix: string,
  optional: boolean,
  paths: LayerPaths,
): Expectation[] {
  const path = joinPath(prefix, name);
  switch (value.kind) {
    case 'layer': {
      const type = findLayerType(value.type)!;
      const kept = type.kept || (isNormalization(value.type) && paths.hasOperator(batchNorm));
      const { operators } = type;
      const { channels } = value;
      return [{ path, required: kept && !optional, operators, channels, isModule: false }];
    }
    case 'module':
      return [{ path, required: !optional, isModule: true }];
    case 'container':
      if (value.items === null) return [{ path, required: !optional, isModule: true }];
      return value.items.flatMap((item) => expect(item, path, optional || item.optional, paths));
    case 'unknown':
      return [];
  }
}

const batchNorm = /^BatchNormalization$/;

function isNormalization(type: string): boolean {
  return /^(Lazy|Sync)?BatchNorm/.test(type);
}

function judge(
  expectations: ReadonlyMap<string, readonly Expectation[]>,
  instances: ReadonlyMap<string, readonly string[]>,
  paths: LayerPaths,
): Omit<ModelMatch, 'paths' | 'instances'> {
  let found = 0;
  let expected = 0;
  let contradictions = 0;
  const explained = new Set<LayerInfo>();
  for (const [name, all] of expectations) {
    const places = instances.get(name) ?? [];
    for (const each of all) {
      const layers = places.map((prefix) => paths.layer(joinPath(prefix, each.path)));
      const present = places.some(
        (prefix) => paths.layersAt(joinPath(prefix, each.path)).length > 0,
      );
      if (each.required || present) expected++;
      if (present) found++;
      for (const layer of layers) {
        if (!layer) continue;
        explained.add(layer);
        const differs = each.channels !== undefined && layer.channels !== null;
        if (differs && layer.channels !== each.channels) contradictions++;
      }
    }
  }
  return {
    found,
    expected,
    contradictions,
    explained: paths.size === 0 ? 0 : explained.size / paths.size,
  };
}
