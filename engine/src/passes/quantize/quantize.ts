/** Post-training quantization: weights and activations become integers, with what keeps the outputs. */

import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { Pass, PassContext, PassNote, PassResult } from '../pass';
import { issuesOf, notesOf } from './account';
import { drawUp, survey } from './draft';
import { findFaster } from './faster';
import { quantizeOptions, type QuantizeOptions } from './options';
import { prepare } from './prepare';
import { stages } from './stages';
import { formatOf } from './supported';
import { writers } from './write/index';

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
  const faster = options.only_where_faster
    ? await findFaster(model, options, able)
    : { options, notes: new Map<string, PassNote>(), issues: [] };
  const chosen = faster.options;
  const surveyed = await survey(model, chosen, able);
  let blueprint = drawUp(surveyed, chosen);
  for (const stage of stages) blueprint = await stage(blueprint, chosen, able);
  const { profile, placement } = surveyed;
  return {
    model: writers[formatOf(chosen, profile)](blueprint),
    changed: true,
    notes: notesOf(blueprint, placement).map((note) => faster.notes.get(note.subject) ?? note),
    issues: [...issuesOf(options, blueprint, placement), ...faster.issues],
  };
}
