/**
 * Test support: how far each integer kernel is from the float computation that it stands for. All codes
 * of the network are taken from the model of quantizers, computed as it is written; then each operator
 * of the other model reads these codes, so that errors cannot add up from one to the next.
 */

import { cloneModel } from '../../../ir/clone';
import { dataTypeNamed, type DataTypeName } from '../../../ir/data-type';
import { indexGraph } from '../../../ir/graph-index';
import type { Model } from '../../../ir/model';
import type { Feeds, NamedTensor, Runtime } from '../../../runtime/runtime';
import { outputsOf } from './blueprints';

/** The largest difference of codes, in steps, of any value that both models give as codes. */
export async function largestStep(
  runtime: Runtime,
  quantizers: Model,
  operators: Model,
  feeds: Feeds,
): Promise<{ readonly steps: number; readonly compared: number }> {
  const codes = codeNames(quantizers).filter((name) => indexGraph(operators.graph!).producer(name));
  const expected = await outputsOf(runtime, exposing(quantizers, codes), feeds, {
    keepQuantizers: true,
  });
  const forced = Object.fromEntries(codes.map((name) => [`${name}/forced`, expected[name]]));
  const actual = await outputsOf(
    runtime,
    exposing(forcing(operators, codes, expected), codes),
    { ...feeds, ...forced },
    { keepQuantizers: true },
  );
  const steps = codes.map((name) => difference(expected[name], actual[name]));
  return { steps: Math.max(0, ...steps), compared: codes.length };
}

function codeNames({ graph }: Model): string[] {
  return graph!.node
    .filter(({ opType }) => opType === 'QuantizeLinear')
    .map((node) => node.output[0]);
}

function exposing(model: Model, names: readonly string[]): Model {
  const result = cloneModel(model);
  const declared = new Set(result.graph!.output.map(({ name }) => name));
  for (const name of names) {
    if (!declared.has(name)) result.graph!.output.push({ name, metadataProps: [] });
  }
  return result;
}

/** Every reader of codes reads an input of the model instead. */
function forcing(
  model: Model,
  codes: readonly string[],
  values: Readonly<Record<string, NamedTensor>>,
): Model {
  const result = cloneModel(model);
  const forced = new Set(codes);
  for (const node of result.graph!.node) {
    node.input = node.input.map((name) => (forced.has(name) ? `${name}/forced` : name));
  }
  for (const name of codes) {
    const { type, dims } = values[name];
    const tensorType = {
      elemType: dataTypeNamed(type as DataTypeName).code,
      shape: { dim: dims.map((dimValue) => ({ dimValue })) },
    };
    result.graph!.input.push({ name: `${name}/forced`, type: { tensorType }, metadataProps: [] });
  }
  return result;
}

function difference(a: NamedTensor, b: NamedTensor): number {
  if (a.dims.join() !== b.dims.join()) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.data.length; i++) {
    worst = Math.max(worst, Math.abs(Number(a.data[i]) - Number(b.data[i])));
  }
  return worst;
}
