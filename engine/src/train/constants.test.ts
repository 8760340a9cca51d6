/** Weights that Constant nodes or the bodies of functions hold are trained like initializers. */

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { inBatchesOf, measured } from '../criteria/testing/observing';
import { makeAttribute } from '../ir/attributes';
import type { Model, Node, Tensor } from '../ir/model';
import { floats } from '../ir/tensor';
import { encodeModel } from '../onnx/write';
import { constantsOf } from './constants';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { tinyData, tinyModel, tinyOptions } from './testing/tiny-training';
import { train } from './train';

afterAll(closeTestRuntime);

const model = tinyModel();
const names = model.graph!.initializer.map(({ name }) => name!);
const data = tinyData(64);

/** The model with these of its initializers in Constant nodes, whose tensors have no names. */
function held(moved: readonly string[]): Model {
  const { initializer, node, ...rest } = model.graph!;
  const nodes = initializer.filter(({ name }) => moved.includes(name!)).map(constantNode);
  const left = initializer.filter(({ name }) => !moved.includes(name!));
  return { ...model, graph: { ...rest, initializer: left, node: [...nodes, ...node] } };
}

function constantNode(tensor: Tensor): Node {
  const attribute = [makeAttribute('value', { ...tensor, name: undefined })];
  return { opType: 'Constant', input: [], output: [tensor.name!], attribute, metadataProps: [] };
}

async function tuned(start: Model): Promise<Model> {
  const trained = await train(start, tinyOptions, {
    runtime: await testRuntime(),
    data,
    seed: 3,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  return trained.model;
}

function valuesOf(of: Model): Readonly<Record<string, readonly number[]>> {
  const all = constantsOf(of.graph!).map((tensor) => [tensor.name!, [...floats(tensor)]] as const);
  return Object.fromEntries(all);
}

describe('constants', () => {
  it('are trained to the same values, wherever they are kept', async () => {
    const expected = valuesOf(await tuned(model));
    expect(expected).not.toEqual(valuesOf(model));
    const subsets = fc.subarray(names, { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(subsets, async (moved) => {
        const result = await tuned(held(moved));
        expect(valuesOf(result)).toEqual(expected);
        expect(result.graph!.initializer).toHaveLength(names.length - moved.length);
      }),
      { numRuns: 5, examples: [[names]] },
    );
  });

  it('of a function are trained, too, and the function is spelled out', async () => {
    const { node, ...rest } = held(names).graph!;
    const body = {
      ...{ name: 'Net', domain: 'own', input: ['x'], output: ['y'], attribute: [] },
      ...{ attributeProto: [], node, opsetImport: model.opsetImport, valueInfo: [] },
      metadataProps: [],
    };
    const call = { opType: 'Net', domain: 'own', name: 'net', input: ['x'], output: ['y'] };
    const calling: Model = {
      ...model,
      opsetImport: [...model.opsetImport, { domain: 'own', version: 1 }],
      functions: [body],
      graph: { ...rest, node: [{ ...call, attribute: [], metadataProps: [] }] },
    };
    const result = await tuned(calling);
    expect(result.functions).toEqual([]);
    const trained = Object.values(valuesOf(result)).map(String);
    const expected = Object.values(valuesOf(await tuned(model))).map(String);
    expect(trained.sort()).toEqual(expected.sort());
    await (await (await testRuntime()).open(encodeModel(result))).close();
  });

  it.each(['obd', 'taylor-weights'])('have scores by %s', async (id) => {
    const runtime = await testRuntime();
    const few = inBatchesOf(data.sample(6, 1), 2);
    const [kept, moved] = [model, held(names)].map((each) => measured(id, each, few, runtime));
    const { scores, refused } = await moved;
    expect(refused).toEqual({});
    expect(scores).toEqual((await kept).scores);
  });
});
