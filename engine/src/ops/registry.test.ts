import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Node } from '../ir/model';
import { allGraphs } from '../ir/traverse';
import { readModelFile } from '../onnx/read';
import { findOp, ops } from './index';

const complete = ops.filter((op) => op.shape && op.cost);

test('at least 110 operators have both a shape rule and a cost rule', () => {
  const names = new Set(complete.map((op) => `${op.domain ?? ''}:${op.type}`));
  expect(names.size).toBeGreaterThanOrEqual(110);
});

test('no operator is listed twice', () => {
  const names = ops.map((op) => `${op.domain ?? ''}:${op.type}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('the ONNX domain has two names', () => {
  expect(findOp({ opType: 'Conv' })).toBeDefined();
  expect(findOp({ opType: 'Conv', domain: 'ai.onnx' })).toBe(findOp({ opType: 'Conv' }));
  expect(findOp({ opType: 'Conv', domain: 'com.microsoft' })).toBeUndefined();
});

const folder = resolve('../shared/models');
const models = existsSync(folder)
  ? [folder, join(folder, 'light')].flatMap((each) =>
      readdirSync(each)
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => join(each, name)),
    )
  : [];

describe.skipIf(models.length === 0)('operators of ../shared/models (skipped where absent)', () => {
  test.each(models)('%s', (path) => {
    const nodes = [...allGraphs(readModelFile(path).model)].flatMap((graph) => graph.node);
    expect(nodes.filter(isIncomplete).map((node) => node.opType)).toEqual([]);
    expect(nodes.length).toBeGreaterThan(0);
  });
});

function isIncomplete(node: Node): boolean {
  const op = findOp(node);
  return !op?.shape || !op.cost;
}
