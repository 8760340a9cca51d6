/**
 * What a symbolic size counts as when costs are wanted and nobody has bound it. A batch counts as
 * 1, height and width of an image as 224, any other axis of an input as a sequence of 128 (more
 * where the model's shapes do not hold for so few), and a size that only the data decides as 1.
 */

import { bindDim, symbolicDim, symbolsOf, type Bindings } from '../ir/dim';
import type { Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import type { Resolve } from '../ops/cost';

const imageSize = 224;
/** Lengths to assume for a sequence: tokens first, then samples of sound. */
export const sequenceSizes = [128, 512, 4_096, 16_384] as const;

const batchName = /^(n|b|bs|batch.*|.*batch(_size)?)$/i;

export interface AssumedSizes {
  /** The sizes assumed for symbols of the inputs, by name. */
  readonly bindings: Bindings;
  readonly resolve: Resolve;
  /** Says which sizes other than a batch of 1 were assumed. */
  readonly issues: readonly Issue[];
}

/** Assumptions for the symbols of a model's inputs that `bound` does not decide. */
export function assumedSizes(
  model: Model,
  bound: Bindings = {},
  sequence: number = sequenceSizes[0],
): AssumedSizes {
  const bindings: Record<string, number> = {};
  for (const { name, axis, rank } of openAxes(model)) {
    if (Object.hasOwn(bound, name)) continue;
    const size = sizeFor(name, axis, rank, sequence);
    bindings[name] = Math.min(bindings[name] ?? Infinity, size);
  }
  const all = { ...bindings, ...bound };
  return {
    bindings,
    resolve: (dim) => {
      if (typeof dim === 'number') return dim;
      const size = bindDim(dim, all);
      if (typeof size === 'number') return size;
      return Number(bindDim(size, Object.fromEntries(symbolsOf(size).map((name) => [name, 1]))));
    },
    issues: issuesOf(bindings),
  };
}

/** Symbols of the inputs' declared shapes, with where they occur. */
function* openAxes(model: Model): Generator<{ name: string; axis: number; rank: number }> {
  for (const info of model.graph?.input ?? []) {
    const dims = info.type?.tensorType?.shape?.dim ?? [];
    for (const [axis, { dimValue, dimParam }] of dims.entries()) {
      if (dimValue !== undefined && Number(dimValue) >= 0) continue;
      const symbols = symbolsOf(symbolicDim(dimParam || `${info.name ?? ''}_${axis}`));
      for (const name of symbols) yield { name, axis, rank: dims.length };
    }
  }
}

function sizeFor(name: string, axis: number, rank: number, sequence: number): number {
  if (axis === 0 || batchName.test(name)) return 1;
  return rank >= 4 && axis >= 2 ? imageSize : sequence;
}

function issuesOf(bindings: Bindings): Issue[] {
  const assumed = Object.entries(bindings).filter(([, size]) => size !== 1);
  if (assumed.length === 0) return [];
  const list = assumed.map(([name, size]) => `${name} = ${size}`).join(', ');
  return [
    {
      severity: 'information',
      code: 'assumed-size',
      message: `Costs are counted with ${list}, because the model leaves these sizes open; bind them to count at your own.`,
    },
  ];
}
