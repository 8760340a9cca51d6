/** Test support: what a quantizer gives and its gradients, as they are computed while training. */

import { makeAttribute } from '../../../ir/attributes';
import { encodeModel } from '../../../onnx/write';
import type { Runtime } from '../../../runtime/runtime';
import { GraphBuilder } from '../../../train/graph-builder';
import { Tape } from '../../../train/tape';
import type { QuantizerWriter, Rounded } from '../quantizers/quantizer';

export interface Differentiated {
  /** What is rounded. */
  readonly value: Float32Array;
  /** ∂ Σ r · value by the name of each parameter and input, times its gain. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
  readonly decays: readonly string[];
  /** What each parameter begins with. */
  readonly starts: Readonly<Record<string, Float32Array>>;
}

/**
 * @param names of everything that gradients are wanted of.
 * @param inputs what is fed besides parameters.
 * @param r the weight of each element in the sum.
 */
export async function differentiate(
  runtime: Runtime,
  names: readonly string[],
  inputs: Readonly<Record<string, Float32Array>>,
  r: { readonly dims: readonly number[]; readonly data: Float32Array },
  write: (writer: QuantizerWriter) => Rounded,
): Promise<Differentiated> {
  const build = new GraphBuilder();
  const tape = new Tape(build, names);
  const starts: Record<string, Float32Array> = {};
  const gains: Record<string, number> = {};
  const decays: string[] = [];
  let count = 0;
  const emit: QuantizerWriter['emit'] = (op, input, attributes = {}) => {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    const output = `${op}${count++}`;
    tape.record(
      { opType: op, input: [...input], output: [output], attribute, metadataProps: [] },
      true,
    );
    return output;
  };
  for (const [name, data] of Object.entries(inputs)) build.input(name, 'float', [data.length]);
  const { codes, step } = write({
    emit,
    round: (value) => emit('RoundThrough', [value]),
    detach: (value) => emit('Detach', [value]),
    constant: (values, dims) => build.floats(values, dims),
    integers: (values) => build.integers(values),
    parameter: (name, dims, values, { gain = 1, ...options }) => {
      starts[name] = Float32Array.from(values);
      gains[name] = gain;
      if (options.decays) decays.push(name);
      return build.input(name, 'float', dims);
    },
  });
  const value = emit('Mul', [codes, step]);
  const weighted = emit('Mul', [value, build.floats(r.data, r.dims)]);
  const sum = emit('ReduceSum', [weighted], { keepdims: 0 });
  const gradients = tape.gradients(sum);
  build.emitAs('value', value);
  names.forEach((name, i) => build.emitAs(`gradient ${name}`, gradients[i]!));
  const session = await runtime.open(
    encodeModel(build.model(['value', ...names.map((name) => `gradient ${name}`)])),
    { optimize: 'none' },
  );
  try {
    const feeds = session.inputs.map(({ name, dims }) => {
      const data = inputs[name] ?? starts[name];
      return [name, { type: 'float' as const, dims: dims.map(Number), data }] as const;
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    const own = names.map((name) => {
      const raw = outputs[`gradient ${name}`].data as Float32Array;
      return [name, raw.map((each) => each * (gains[name] ?? 1))] as const;
    });
    const found = outputs.value.data as Float32Array;
    return { value: found, gradients: Object.fromEntries(own), decays, starts };
  } finally {
    await session.close();
  }
}
