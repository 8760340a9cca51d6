/** Test support: compares what inference says of small models with what ONNX Runtime does. */

import { describe, expect, test } from 'vitest';
import { describeInferred, infer, outputsOf, runInOnnxRuntime, type Case } from './one-node';

/**
 * For each case: types inferred from sizes equal those of ONNX Runtime, but for as many unknown
 * dimensions as the case says. Types inferred from symbols leave no more open than the case says;
 * those from inputs of unknown rank agree as far as they go, and no rule fails.
 */
export function testAgainstRuntime(family: string, cases: readonly Case[]): void {
  describe(`${family} against ONNX Runtime`, () => {
    for (const each of cases) {
      test(each.title, async () => {
        const actual = await runInOnnxRuntime(each);
        const bySizes = inferred(each, 'sizes');
        expect(bySizes.issues).toEqual([]);
        expect(fill(bySizes.types, actual)).toEqual(actual);
        const unknown = each.unknown ?? 0;
        expect(unknownDims(bySizes.types)).toBe(unknown);
        testTolerance(each, actual, unknown);
      });
    }
  });
}

/** For operators that ONNX Runtime's CPU build cannot run: the expected types come from the spec. */
export function testAgainstSpec(
  family: string,
  cases: readonly (readonly [Case, readonly string[]])[],
): void {
  describe(`${family} against the specification`, () => {
    for (const [each, expected] of cases) {
      test(each.title, () => {
        const bySizes = inferred(each, 'sizes');
        expect(bySizes.issues).toEqual([]);
        expect(bySizes.types).toEqual(expected);
        testTolerance(each, expected, unknownDims(expected));
      });
    }
  });
}

function testTolerance(each: Case, actual: readonly string[], unknown: number): void {
  for (const declared of ['symbols', 'nothing'] as const) {
    const { types, issues } = inferred(each, declared);
    expect(issues).toEqual([]);
    expect(fill(types, actual)).toEqual(actual);
    if (declared === 'symbols') expect(unknownDims(types)).toBe(each.unknownSymbols ?? unknown);
  }
}

function inferred(each: Case, declared: Parameters<typeof infer>[1]) {
  const table = infer(each, declared);
  const types = outputsOf(each).map((name) => describeInferred(each, table, name));
  return { types, issues: table.issues };
}

/** The inferred types with what they leave open taken from the actual ones. */
function fill(types: readonly string[], actual: readonly string[]): string[] {
  return types.map((type, i) => {
    if (!type.includes('[')) return actual[i];
    const dims = dimsOf(actual[i]);
    const filled = dimsOf(type).map((dim, axis) => (dim === '?' ? dims[axis] : dim));
    return `${type.slice(0, type.indexOf('['))}[${filled.join(',')}]`;
  });
}

function unknownDims(types: readonly string[]): number {
  const whole = types.filter((type) => !type.includes('[')).length;
  return whole + types.flatMap(dimsOf).filter((dim) => dim === '?').length;
}

function dimsOf(type: string): string[] {
  const inside = type.slice(type.indexOf('[') + 1, -1);
  return type.includes('[') && inside ? inside.split(',') : [];
}
