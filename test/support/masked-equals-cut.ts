/** Test support: runs the masked and the cut model in ONNX Runtime and compares all their outputs. */

import { InferenceSession, type Tensor } from 'onnxruntime-node';
import type { ChannelAnalysis } from '#engine/channels/analyze';
import { cutChannels } from '#engine/channels/cut';
import { maskChannels } from '#engine/channels/mask';
import type { Model } from '#engine/ir/model';
import { encodeModel } from '#engine/onnx/write';

/** Shapes of inputs, or the very values where random ones would not do. */
export type Feeds = Readonly<Record<string, Tensor>>;
export type Cuts = ReadonlyMap<string, readonly number[]>;

export interface Difference {
  /** Largest |masked - cut| of all outputs, relative to the largest |masked| of the same output. */
  readonly error: number;
  /** Largest |masked - original| relative likewise: that cutting does something at all. */
  readonly effect: number;
}

export async function runModel(model: Model, feeds: Feeds): Promise<Map<string, Tensor>> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 2,
    logSeverityLevel: 3,
  });
  try {
    const results = await session.run({ ...feeds });
    return new Map(Object.entries(results));
  } finally {
    await session.release();
  }
}

/** Masks and cuts the same units and compares. Throws where a value is not finite. */
export async function compareMaskedAndCut(
  model: Model,
  analysis: ChannelAnalysis,
  cuts: Cuts,
  feeds: Feeds,
  original?: Map<string, Tensor>,
): Promise<Difference> {
  const cut = await runModel(cutChannels(analysis, cuts), feeds);
  const masked = await runModel(maskChannels(analysis, cuts), feeds);
  const before = original ?? (await runModel(model, feeds));
  let error = 0;
  let effect = 0;
  for (const [name, expected] of masked) {
    error = Math.max(error, relative(expected, cut.get(name)!, name));
    effect = Math.max(effect, relative(before.get(name)!, expected, name));
  }
  return { error, effect };
}

function relative(a: Tensor, b: Tensor, name: string): number {
  if (a.dims.join() !== b.dims.join()) {
    throw new Error(`Output ${name} is [${a.dims.join()}] here and [${b.dims.join()}] there.`);
  }
  const x = a.data as Float32Array;
  const y = b.data as Float32Array;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [Number(x[i]), Number(y[i])];
    if (!Number.isFinite(p) || !Number.isFinite(q))
      throw new Error(`Output ${name} is not finite.`);
    largest = Math.max(largest, Math.abs(p));
    difference = Math.max(difference, Math.abs(p - q));
  }
  return largest === 0 ? difference : difference / largest;
}
