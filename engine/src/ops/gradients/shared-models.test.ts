/** Every operator of the models in ../shared has gradients, needs none, or is refused by its name. */

import { describe, expect, it } from 'vitest';
import { hasModels, openTrained, trainedModels } from '../../../../test/support/trained-models';
import { allGraphs } from '../../ir/traverse';
import { GraphBuilder } from '../../train/graph-builder';
import { Tape } from '../../train/tape';
import { gradientOf } from '.';
import { compositionOf } from './composition';

/** Makes constants, or integers and truth values of the sizes of others. */
const computesSizes = ['Constant', 'ConstantOfShape', 'Equal', 'Not', 'Shape', 'Size'];
/** What lies before quantizers is trained with quantizers of its own (`qat`), or before quantizing. */
const refused = ['DequantizeLinear', 'QuantizeLinear'];
/** The branch that is taken stands in its place (`train/branches.ts`). */
const replaced = ['If'];

describe.skipIf(!hasModels)('models of ../shared', () => {
  it('hold no operator that training does not know', () => {
    const nodes = trainedModels.flatMap((each) =>
      [...allGraphs(openTrained(each, 'to look at'))].flatMap(({ node }) => node),
    );
    const others = nodes.filter((node) => !gradientOf(node.opType) && !compositionOf(node));
    const names = new Set(others.map(({ opType }) => opType!));
    expect([...names].sort()).toEqual([...computesSizes, ...refused, ...replaced].sort());
  });
});

it.each(refused)('%s is refused by its name', (opType) => {
  const build = new GraphBuilder();
  for (const name of ['x', 'scale']) build.input(name, 'float', [2]);
  const tape = new Tape(build, ['x']);
  const node = { opType, name: 'here', input: ['x', 'scale'], output: ['y'] };
  tape.record({ ...node, attribute: [], metadataProps: [] }, true);
  const message = `here (${opType}) cannot be trained through: it has no gradient rule. Freeze it`;
  expect(() => tape.gradients('y')).toThrow(message);
});
