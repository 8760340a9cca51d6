/**
 * Whether this machine's runtime computes on blocked values, and how large its blocks are. Those
 * operators are internal to the runtime and differ from processor to processor, so nothing is taken
 * for granted: small convolutions of every kind are computed both ways first, with their gradients.
 */

import { makeAttribute, type AttributeValue } from '../../ir/attributes';
import { encodeModel } from '../../onnx/write';
import { sizeOf } from '../../ops/gradients/support';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import { GraphBuilder } from '../graph-builder';
import { Tape } from '../tape';
import { BlockedBuilder, blockedDomain } from './blocked-builder';

const asked = new WeakMap<Runtime, Promise<number | undefined>>();

/** Channels in a block; undefined where values are better left as they are. Asks each runtime once. */
export function blockOf(runtime: Runtime): Promise<number | undefined> {
  const known = asked.get(runtime) ?? measure(runtime).catch(() => undefined);
  asked.set(runtime, known);
  return known;
}

async function measure(runtime: Runtime): Promise<number | undefined> {
  const block = await sizeOfBlock(runtime);
  if (block < 4) return undefined;
  const plain = await compute(runtime, new GraphBuilder(), block);
  const blocked = await compute(runtime, new BlockedBuilder(block), block);
  return blocked.every((value, i) => isNear(value, plain[i])) ? block : undefined;
}

/** In blocks of b channels, the second element of the first channel comes b places after the first. */
async function sizeOfBlock(runtime: Runtime): Promise<number> {
  const dims = [1, 64, 1, 2];
  const build = new BlockedBuilder(1);
  const x = build.input('x', 'float', dims);
  build.emitAs('y', build.emitBlocked('ReorderInput', [x], dims));
  const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => i);
  const [y] = await run(runtime, build, { x: { type: 'float', dims, data } }, ['y']);
  return y.indexOf(1);
}

interface Check {
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly stride: number;
  readonly dilation: number;
}

/** One of each kind that is computed in its own way. */
function checks(block: number): Check[] {
  const [half, two] = [block - Math.floor(block / 4), 2 * block];
  const [batch, plain] = [block, { stride: 1, dilation: 1 }];
  return [
    { x: [batch, two, 5, 6], weight: [half, two, 3, 3], ...plain },
    { x: [batch, block, 7, 6], weight: [two, block, 3, 3], stride: 2, dilation: 1 },
    { x: [batch, block, 7, 6], weight: [block, block, 3, 3], stride: 1, dilation: 2 },
    { x: [2, half, 5, 6], weight: [two, half, 1, 1], ...plain },
    { x: [2, 3, 5, 6], weight: [block, 3, 3, 3], ...plain },
    { x: [2, two, 5, 6], weight: [two, block, 3, 3], ...plain },
    { x: [3, half, 5, 6], weight: [half, 1, 3, 3], ...plain },
    { x: [3, two, 7, 6], weight: [two, 1, 3, 3], stride: 2, dilation: 1 },
  ];
}

/** What comes of all checks: outputs and gradients, one after the other. */
function compute(runtime: Runtime, build: GraphBuilder, block: number): Promise<Float32Array[]> {
  const feeds: Record<string, NamedTensor> = {};
  const outputs = checks(block).flatMap((check, at) => {
    const { x, weight } = check;
    const given = { x, weight, scale: [weight[0]], shift: [weight[0]] };
    const names = Object.entries(given).map(([role, dims], phase) => {
      const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(phase + 1.7 * i));
      feeds[`${role} ${at}`] = { type: 'float', dims, data };
      return build.input(`${role} ${at}`, 'float', dims);
    });
    return differentiated(build, check, names, at);
  });
  const names = outputs.map((value, i) => {
    build.emitAs(`out ${i}`, value);
    return `out ${i}`;
  });
  return run(runtime, build, feeds, names);
}

/** A normalized convolution, and the gradients of the sum of its squares. */
function differentiated(
  build: GraphBuilder,
  { x, weight, stride, dilation }: Check,
  names: readonly string[],
  at: number,
): string[] {
  const ones = build.floats(new Float32Array(weight[0]).fill(1));
  const pad = dilation * ((weight[2] - 1) >> 1);
  const window = {
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    group: x[1] / weight[1],
  };
  const tape = new Tape(build, names);
  const record = (op: string, input: string[], attributes: Record<string, AttributeValue> = {}) => {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    const output = [`${op} ${at}`];
    tape.record({ opType: op, input, output, attribute, metadataProps: [] }, true);
    return output[0];
  };
  const y = record('Conv', names.slice(0, 2), window);
  const normal = record('BatchNormalization', [y, ...names.slice(2), ones, ones]);
  const positive = record('Relu', [normal]);
  const loss = record('ReduceSumSquare', [positive], { keepdims: 0 });
  return [positive, ...tape.gradients(loss).map((gradient) => gradient!)];
}

async function run(
  runtime: Runtime,
  build: GraphBuilder,
  feeds: Feeds,
  names: readonly string[],
): Promise<Float32Array[]> {
  const options = { optimize: 'basic', memoryPattern: false, label: blockedDomain } as const;
  const session = await runtime.open(encodeModel(build.model(names)), options);
  try {
    const outputs = await session.run(feeds, names);
    return names.map((name) => outputs[name].data as Float32Array);
  } finally {
    await session.close();
  }
}

/** Up to the rounding of sums that were added up in another order. */
function isNear(actual: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.every((value, i) => Math.abs(actual[i] - value) <= 1e-4 * largest);
}
