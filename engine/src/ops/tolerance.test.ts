/** Models are hostile: no rule may stumble over types that its operator does not expect. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeAttribute } from '../ir/attributes';
import type { DataTypeName } from '../ir/data-type';
import { symbolicDim, type Dim } from '../ir/dim';
import { CoppiceError } from '../ir/issue';
import type { Node } from '../ir/model';
import { ops } from './index';
import type { ValueType } from './op';

const attributeNames = [
  ...['axis', 'axes', 'block_size', 'bits', 'kernel_shape', 'strides', 'pads', 'group'],
  ...['num_heads', 'kv_num_heads', 'q_num_heads', 'hidden_size', 'keepdims', 'batch_dims', 'shape'],
  ...['qkv_hidden_sizes', 'num_scan_inputs', 'perm', 'dtype', 'K', 'N', 'k', 'layout', 'new_axis'],
  ...['split', 'num_outputs', 'output_shape', 'output_padding', 'dilations', 'blocksize', 'starts'],
];

const dim = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom('n', 'm').map(symbolicDim));
const dtype = fc.constantFrom<DataTypeName[]>('float', 'int64', 'uint8', 'bool', 'int4', 'string');
const shape = fc.array<Dim>(dim, { maxLength: 5 });
const content = fc.array<Dim>(fc.oneof(fc.integer({ min: -3, max: 8 }), dim), { maxLength: 5 });

const tensorType: fc.Arbitrary<ValueType> = fc.oneof(
  fc.record({ dtype, shape }, { requiredKeys: [] }),
  content.map((values) => ({ dtype: 'int64' as const, shape: [values.length], content: values })),
  fc
    .integer({ min: -3, max: 8 })
    .map((n) => ({ dtype: 'int64' as const, shape: [], content: [n] })),
);
const valueType = fc.option(
  fc.oneof(
    { weight: 8, arbitrary: tensorType },
    tensorType.map((elements) => ({ elements })),
  ),
  { nil: undefined },
);

const attribute = fc
  .tuple(
    fc.constantFrom(...attributeNames),
    fc.oneof(
      fc.integer({ min: -3, max: 6 }),
      fc.array(fc.integer({ min: -3, max: 6 }), { maxLength: 4 }),
    ),
  )
  .map(([name, value]) => makeAttribute(name, value));

const situation = fc.record({
  types: fc.array(valueType, { maxLength: 9 }),
  attributes: fc.array(attribute, { maxLength: 4 }),
  opset: fc.integer({ min: 1, max: 26 }),
});

describe('rules given anything', () => {
  test.each(ops.map((op) => [op.domain ? `${op.domain}.${op.type}` : op.type, op] as const))(
    '%s',
    (_name, op) => {
      const check = fc.property(situation, ({ types, attributes, opset }) => {
        const node = nodeOf(op.type, types, attributes);
        const outputs = orRefusal(() =>
          op.shape!({
            node,
            opset,
            inputs: types,
            constant: () => undefined,
            fresh: symbolicDim,
            subgraph: () => [],
          }),
        );
        expect(Array.isArray(outputs)).toBe(true);
        const sizes = (type: ValueType | undefined) =>
          type?.shape?.map((each) => (typeof each === 'number' ? each : 3));
        const cost = orRefusal(() =>
          op.cost!({ node, inputs: types.map(sizes), outputs: outputs.map(sizes) }),
        );
        if (!Array.isArray(cost)) expect(cost.macs).not.toBeNaN();
      });
      fc.assert(check, { numRuns: 100, seed: 7 });
    },
  );
});

/** A rule may refuse a broken model by saying so, not by running into it. */
function orRefusal<T>(rule: () => T): T | [] {
  try {
    return rule();
  } catch (error) {
    if (error instanceof RangeError || error instanceof CoppiceError) return [];
    throw error;
  }
}

function nodeOf(
  opType: string,
  types: readonly (ValueType | undefined)[],
  attributes: Node['attribute'],
): Node {
  return {
    opType,
    input: types.map((type, i) => (type ? `i${i}` : '')),
    output: ['o0', 'o1', 'o2', 'o3'],
    attribute: attributes,
    metadataProps: [],
  };
}
