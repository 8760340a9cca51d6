/** Post-training quantization: weights and activations become integers, with what keeps the outputs. */

import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { Pass, PassContext, PassResult } from '../pass';
import { draft } from './draft';
import { quantizeOptions, type QuantizeOptions } from './options';
import { prepare } from './prepare';
import { stages } from './stages';
import { writeQdq } from './write/qdq';

export const quantize: Pass<QuantizeOptions> = {
  id: 'quantize',
  title: 'Quantization',
  doc: 'Stores weights as integers and lets the layers compute on integers, with ranges found on calibration data. No training.',
  options: quantizeOptions,
  refuse,
  run,
};

function refuse({ graph }: Model): string | undefined {
  if (!graph) return 'It holds no graph.';
  if (graph.node.some(({ opType }) => opType === 'QuantizeLinear' || opType === 'QLinearConv')) {
    return 'It is quantized already.';
  }
  return undefined;
}

async function run(
  given: Model,
  options: QuantizeOptions,
  outer: PassContext,
): Promise<PassResult> {
  const context = { ...outer, seed: options.seed ?? outer.seed };
  const { runtime, calibration } = context;
  if (!runtime || !calibration) {
    throw new CoppiceError(
      'no-calibration',
      'Quantizing activations needs calibration data: give data in the recipe, or --data.',
    );
  }
  const data = calibration.sample(Math.min(options.samples, calibration.samples), context.seed);
  const model = await prepare(given, context);
  const able = { ...context, runtime, calibration: data };
  let blueprint = await draft(model, options, able);
  for (const stage of stages) blueprint = await stage(blueprint, options, able);
  return { model: writeQdq(blueprint), changed: true, notes: [], issues: [] };
}
