/**
 * How much each layer's quantization harms the model's output, alone and undone, for several widths.
 *
 * Signal to quantization noise of the output, 10 log₁₀ (Σ y² / Σ (y − ŷ)²), with one layer quantized
 * or all but one (the two ways of leave-one-out that quantization analyzers use).
 */

import type {
  Effect,
  LayerSensitivity,
  WholeSensitivity,
  WidthSensitivity,
} from '#protocol/sensitivity';
import { intAttribute } from '../../../ir/attributes';
import { inspect } from '../../../inspect/inspect';
import { floats } from '../../../ir/tensor';
import { Lanes } from '../../../runtime/lanes';
import type { PassContext } from '../../pass';
import type { Calibration } from '../calibrate';
import type { Survey } from '../draft';
import type { QuantizeOptions } from '../options';
import { tryAlone, type AloneResult } from './alone';
import { Batches } from './batches';
import { chunkSize } from './chunk-size';
import { sqnr } from './outcome';
import { squaredDistance } from './read-statistics';
import { tryRestored } from './restored';
import { reasonFor, verdictOf } from './verdict';
import { tryWhole } from './whole';
import { widthOf, type Width } from './width';

export interface SensitivityOptions {
  /** Widths of weights and activations, in bits. */
  readonly bits: readonly number[];
  /** Samples that weights alone and activations alone are measured on. */
  readonly partSamples: number;
  /** Class k is output k + `labelOffset`; found out where it is absent. */
  readonly labelOffset?: number;
}

export interface Sensitivity {
  readonly samples: number;
  /** Top-1 of the original; null without labels. */
  readonly original: number | null;
  readonly whole: readonly WholeSensitivity[];
  /** In graph order. */
  readonly layers: readonly LayerSensitivity[];
}

type Context = Calibration & PassContext;

/** @param quantization what `survey` was made with; the types that it asks for do not count. */
export async function measureSensitivity(
  survey: Survey,
  quantization: QuantizeOptions,
  options: SensitivityOptions,
  context: Context,
): Promise<Sensitivity> {
  const lanes = await Lanes.start(context.runtime, context.signal);
  try {
    return await measureIn(lanes, survey, quantization, options, context);
  } finally {
    await lanes.close();
  }
}

async function measureIn(
  lanes: Lanes,
  survey: Survey,
  quantization: QuantizeOptions,
  { bits, partSamples, labelOffset }: SensitivityOptions,
  context: Context,
): Promise<Sensitivity> {
  const { model, placement } = survey;
  const nodes = placement.layers.map(({ node }) => node);
  const size = nodes.length > 0 ? await chunkSize(model, nodes, context) : 1;
  const within = { ...context, lanes, labelOffset };
  const batches = await Batches.open(model, context.calibration, size, within);
  const widths = bits.map((each) => widthOf(each, survey, quantization));
  const part = (i: number): typeof within => ({
    ...within,
    progress: ({ message, fraction = 0 }) =>
      context.progress({ message, fraction: (i + fraction) / (1 + widths.length) }),
  });
  const alone = await tryAlone(survey, widths, partSamples, batches, part(0));
  const restored: Map<string, Effect>[] = [];
  const whole: WholeSensitivity[] = [];
  for (const [i, width] of widths.entries()) {
    restored.push(await tryRestored(width.blueprint, batches, part(i + 1)));
    whole.push(await tryWhole(width, batches, within));
  }
  const costs = new Map(inspect(model, { path: '' }).layers.map((each) => [each.name, each]));
  return {
    samples: batches.samples,
    original: batches.original,
    whole,
    layers: placement.layers.map(({ name, node }) => ({
      name,
      op: node.opType!,
      params: costs.get(name)?.params ?? 0,
      macs: costs.get(name)?.macs ?? 0,
      widths: widths.map((width, i) =>
        describe(name, survey, width, alone.get(name)!, i, restored[i].get(name)!),
      ),
    })),
  };
}

function describe(
  name: string,
  { placement }: Survey,
  { bits, blueprint, weights }: Width,
  { effects, read }: AloneResult,
  at: number,
  restored: Effect,
): WidthSensitivity {
  const layer = blueprint.layers.get(name)!;
  const grid = blueprint.grids.get(layer.site.input);
  const exact = floats(layer.site.weight);
  const signal = exact.reduce((sum, each) => sum + each * each, 0);
  const weightSqnrDb = sqnr(signal, squaredDistance(exact, weights.get(name)!));
  const activationSqnrDb = grid ? read.sqnrDb(grid) : null;
  const verdict = verdictOf(effects[at].only.sqnrDb);
  const { layers } = placement;
  const evidence = {
    layer,
    read,
    weightSqnrDb,
    activationSqnrDb,
    weightsDb: effects[at].onlyWeights!.sqnrDb,
    activationsDb: effects[at].onlyActivations!.sqnrDb,
    isDepthwise: intAttribute(layer.site.node, 'group', 1) > 1,
    isFirst: layers[0].name === name,
    isLast: layers.at(-1)!.name === name,
  };
  return {
    bits,
    weightSqnrDb,
    activationSqnrDb,
    ...effects[at],
    restored,
    verdict,
    reason: verdict === 'good' ? null : reasonFor(evidence),
  };
}
