/** Damaged structure: whatever is put in place of names and numbers, inspection ends with a result. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cloneModel } from '../ir/clone';
import type { Model } from '../ir/model';
import { allGraphs } from '../ir/traverse';
import { readModelFile } from '../onnx/read';
import { inspect } from './inspect';

const folder = join(process.cwd(), '..', 'shared', 'models');

const damage = fc.record({
  kind: fc.constantFrom('input', 'output', 'attribute', 'operator', 'dims', 'drop'),
  where: fc.nat(),
  which: fc.nat(),
  number: fc.oneof(
    fc.integer({ min: -4, max: 4 }),
    fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 53, 1_000_000, 0),
  ),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

describe.skipIf(!existsSync(folder))('models of ../shared/models (skipped without them)', () => {
  test.each(['ppocrv4-rec', 'silero-vad-16k', 'fastestdet-coco', 'resnet32-cifar10-bn-rawexport'])(
    '%s, damaged',
    (name) => {
      const { model } = readModelFile(join(folder, `${name}.onnx`));
      fc.assert(
        fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (list) => {
          const copy = cloneModel(model);
          for (const each of list) apply(copy, each);
          const { totals, layers } = inspect(copy, { path: name, values: true });
          expect(totals.params).toBeGreaterThanOrEqual(0);
          expect(totals.layers).toBe(layers.length);
        }),
        { numRuns: 40 },
      );
    },
  );
});

function apply(model: Model, { kind, where, which, number }: Damage): void {
  const graphs = [...allGraphs(model)].filter((each) => each.node.length > 0);
  const graph = graphs[which % graphs.length];
  const node = graph.node[where % graph.node.length];
  const other = graph.node[which % graph.node.length];
  const tensor = graph.initializer[where % Math.max(1, graph.initializer.length)];
  if (kind === 'input') node.input[which % Math.max(1, node.input.length)] = other.output[0];
  if (kind === 'output') node.output[0] = other.output[0];
  if (kind === 'operator') node.opType = other.opType;
  if (kind === 'drop') graph.node.splice(where % graph.node.length, 1);
  if (kind === 'dims' && tensor) tensor.dims[which % Math.max(1, tensor.dims.length)] = number;
  const attribute = node.attribute[which % Math.max(1, node.attribute.length)];
  if (kind !== 'attribute' || !attribute) return;
  if (attribute.i !== undefined) attribute.i = number;
  attribute.ints = attribute.ints.map((each, i) => (i === which % 4 ? number : each));
}
