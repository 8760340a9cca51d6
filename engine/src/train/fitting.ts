/**
 * Fits a model to the batch and to the sizes of the data. Exporters that knew but one image spell its
 * batch out in the shapes of Reshapes; in the training form the batch of the steps stands there.
 */

import type { SampleShapes } from '../data/dataset';
import { sampledInputs, sizesOf } from '../ir/fed-inputs';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { freshNames, nodeLabel } from '../ir/naming';
import { makeTensor } from '../ir/tensor';
import { topologicalOrder } from '../ir/traverse';
import { inferTypes, type TypeTable } from '../ops/infer';
import { batched } from './inputs';

/**
 * The model with shapes of Reshapes for `batch` samples where they are for as many as its input
 * declares, or for 1: where the samples lie one behind the other in what is reshaped, they do so in
 * the result.
 */
export function withBatchInShapes(model: Model, batch: number): Model {
  const [first] = sampledInputs(model);
  const declared = sizesOf(first)?.[0]?.dimValue;
  const times = batch / Number(declared ?? 1);
  if (!first || times === 1) return model;
  const before = inferTypes(model, { inputs: batched(model, batch / times) });
  const fresh = freshNames(model.graph!);
  const grown = (value: string): number[] | undefined => {
    const [size, ...rest] = before.type(value)?.shape?.map(Number) ?? [];
    return size === undefined ? undefined : [size * times, ...rest];
  };
  for (let current = model; ;) {
    const graph = current.graph!;
    const types = inferTypes(current, { inputs: batched(current, batch) });
    const isGrown = (value: string) => types.type(value)?.shape?.join() === grown(value)?.join();
    // The first one that is wrong: what lies behind it follows from it.
    const wrong = topologicalOrder(graph).order.find(({ opType, input, output: [output] }) => {
      const [data, shape] = input;
      const wanted = types.constant(shape ?? '') && types.type(shape)?.content?.map(Number);
      if (opType !== 'Reshape' || !wanted || wanted[0] <= 0) return false;
      // Where the batch is open, such a shape may mean to lay all samples together.
      const isLeft = declared === undefined && wanted.includes(-1);
      return !isLeft && isGrown(data) && !isGrown(output);
    });
    const dims = wrong && grown(wrong.output[0]);
    if (!dims?.every(Number.isSafeInteger)) return current;
    const shape = makeTensor(fresh(`${wrong!.input[1]}_batch`), 'int64', [dims.length], dims);
    const right = { ...wrong!, input: [wrong!.input[0], shape.name!] };
    const node = graph.node.map((each) => (each === wrong ? right : each));
    const initializer = [...graph.initializer, shape];
    current = { ...current, graph: { ...graph, node, initializer } };
  }
}

/**
 * @param types of the model in batches of `batch`.
 * @throws CoppiceError `misfit` naming the node that cannot compute on them.
 */
export function requireFitting(
  model: Model,
  types: TypeTable,
  batch: number,
  data: SampleShapes | undefined,
): void {
  const failed = types.issues.find(({ code }) => code === 'shape-inference');
  const problem = failed ? `${failed.message} ${otherSizes}` : brokenReshape(model, types);
  if (problem === undefined) return;
  const samples = data ? `samples of ${data.sampleDims.join('×')}` : 'samples';
  throw new CoppiceError(
    'misfit',
    `The model cannot be trained on ${samples} in batches of ${batch}. ${problem}`,
  );
}

const otherSizes =
  'Give samples of a size that the model takes: multiples of 32, for example, where it halves its maps five times.';

function brokenReshape({ graph }: Model, types: TypeTable): string | undefined {
  for (const node of graph!.node) {
    if (node.opType !== 'Reshape') continue;
    const [from, to] = [node.input[0], node.output[0]].map((name) => types.type(name)?.shape);
    const [before, after] = [from, to].map((shape) => shape?.reduce<number>((a, b) => a * Number(b), 1)); // prettier-ignore
    if (before === after || !Number.isFinite(before) || !Number.isFinite(after)) continue;
    return `Reshape "${nodeLabel(node)}" would have to make [${to!.join(', ')}] of [${from!.join(', ')}]. Train with batch: 1, or export the model with open sizes.`;
  }
  return undefined;
}
