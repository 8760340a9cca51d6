/** Recurrent cells in all their forms against finite differences in double precision. */

import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { AttributeValue } from '../../ir/attributes';
import { seededRandom } from '../../linalg/random';
import { GraphBuilder } from '../../train/graph-builder';
import { Tape } from '../../train/tape';
import { checkGradient, closeTestRuntime } from '../../train/testing/check-gradient';
import { buildModel, constant, fed, oneNode, type Case, type Given } from '../testing/one-node';

afterAll(closeTestRuntime);

const operators = { LSTM: 4, GRU: 3, RNN: 1 } as const;
const activations = { LSTM: 3, GRU: 2, RNN: 1 } as const;

const forms = fc.record({
  op: fc.constantFrom('LSTM', 'GRU', 'RNN'),
  direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
  layout: fc.nat(1),
  hidden: fc.integer({ min: 1, max: 3 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  steps: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 2 }),
  biased: fc.boolean(),
  begun: fc.boolean(),
  lengths: fc.boolean(),
  peepholes: fc.boolean(),
  linear_before_reset: fc.nat(1),
  named: fc.option(fc.array(fc.constantFrom('Sigmoid', 'Tanh'), { minLength: 6, maxLength: 6 })),
  asked: fc.subarray([0, 1, 2], { minLength: 1 }),
  seed: fc.nat(1000),
});
type Form = typeof forms extends fc.Arbitrary<infer Values> ? Values : never;

function caseOf(form: Form): Case {
  const { op, direction, layout, hidden, inputs, steps, batch, asked, named } = form;
  const random = seededRandom(form.seed);
  const values = (...dims: number[]): Given => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return fed(
      'float',
      dims,
      Array.from({ length: count }, () => random.normal()),
    );
  };
  const ways = direction === 'bidirectional' ? 2 : 1;
  const width = operators[op] * hidden;
  const state = () => (layout ? values(batch, ways, hidden) : values(ways, batch, hidden));
  const isLstm = op === 'LSTM';
  const count = isLstm ? 3 : 2;
  const outputs = [0, 1, 2].slice(0, count).map((at) => asked.includes(at));
  if (!outputs.includes(true)) outputs[0] = true;
  const attributes: Record<string, AttributeValue> = { hidden_size: hidden, direction, layout };
  if (op === 'GRU') attributes.linear_before_reset = form.linear_before_reset;
  if (named) attributes.activations = named.slice(0, activations[op] * ways);
  const lengths = new Array<number>(batch).fill(steps);
  return oneNode(
    op,
    'any form',
    [
      layout ? values(batch, steps, inputs) : values(steps, batch, inputs),
      values(ways, width, inputs),
      values(ways, width, hidden),
      form.biased ? values(ways, 2 * width) : undefined,
      form.lengths ? constant('int32', [batch], lengths) : undefined,
      form.begun ? state() : undefined,
      form.begun && isLstm ? state() : undefined,
      form.peepholes && isLstm ? values(ways, 3 * hidden) : undefined,
    ],
    { attributes, outputs, opset: 18 },
  );
}

it('are differentiated through all steps, in any direction, layout and size', async () => {
  await fc.assert(
    fc.asyncProperty(forms, async (form) => {
      const each = caseOf(form);
      const outputs = each.nodes[0].out.filter(Boolean);
      for (const { value, error } of await checkGradient({ ...each, outputs })) {
        expect(error, value).toBeLessThan(5e-5);
      }
    }),
    { numRuns: 60, seed: 4 },
  );
});

/** What stands in the way of LSTM "i0" with these attributes and lengths. */
function refusal(
  attributes: Readonly<Record<string, AttributeValue>>,
  lengths?: Given,
  steps = 3,
): string {
  const weights = [fed('float', [1, 8, 2]), fed('float', [1, 8, 2])];
  const each = oneNode('LSTM', '', [fed('float', [steps, 2, 2]), ...weights, undefined, lengths], {
    attributes: { hidden_size: 2, ...attributes },
    opset: 18,
  });
  const { node, initializer } = buildModel(each).graph!;
  const build = new GraphBuilder();
  for (const tensor of initializer) build.initializer(tensor);
  for (const [name, { dtype, dims, constant: is }] of Object.entries(each.given)) {
    if (!is) build.input(name, dtype, dims);
  }
  const frozen = new Tape(build, []);
  frozen.record(node[0], true);
  frozen.gradients('o0');
  const tape = new Tape(build, ['i1']);
  tape.record({ ...node[0], output: ['y'] }, true);
  try {
    tape.gradients('y');
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

it('name what is not covered, where they are trained', () => {
  expect(refusal({})).toBe('');
  expect(refusal({ clip: { f: 3 } })).toMatch(/^LSTM_o0 \(LSTM\) .*clip.* Freeze it/);
  expect(refusal({ input_forget: 1 })).toMatch(/input_forget/);
  expect(refusal({ activations: ['Sigmoid', 'Tanh', 'Softsign'] })).toMatch(/activation Softsign/);
  expect(refusal({}, constant('int32', [2], [3, 3]))).toBe('');
  expect(refusal({}, constant('int32', [2], [3, 2]))).toMatch(/"i4".*give 2 times 3/);
  expect(refusal({}, fed('int32', [2], [3, 3]))).toMatch(/"i4"/);
  expect(refusal({}, undefined, 501)).toMatch(/501 steps.*"i0".*shorter/);
});
