/** The first blueprint of a model: grids by calibration, codes by rounding to the nearest. */

import type { Model, Tensor } from '../../ir/model';
import { dimsOf, floats } from '../../ir/tensor';
import type { Summary } from '../../runtime/histogram';
import { layerRule } from '../layer-rules';
import type { PassContext } from '../pass';
import { quantizeBlocks } from './blocks';
import type { Blueprint, QuantizedLayer, QuantizedOperand } from './blueprint';
import { activationGrids, observe, type Calibration } from './calibrate';
import type { Calibrator } from './calibrators/calibrator';
import { calibrators } from './calibrators/index';
import { encode, gridOf } from './grid';
import type { QuantizeOptions } from './options';
import { place, type LayerSite, type Placement, type QuantizerSite } from './placement';
import { profiles } from './profiles/index';
import type { Profile } from './profiles/profile';
import { quantizedType, type QuantizedType } from './quantized-type';
import { reducedRange } from './reduced-range';
import { requireSupported } from './supported';
import { weightRangeFor } from './weight-ranges/index';
import { extremes, quantizeWeight } from './weights';

/** What blueprints of a model are drawn from, whatever the types they use. */
export interface Survey {
  readonly model: Model;
  readonly profile: Profile;
  readonly placement: Placement;
  readonly calibrator: Calibrator;
  /** What was seen of each observed value. */
  readonly seen: ReadonlyMap<string, Summary>;
}

/** The types of a blueprint. */
export interface Types {
  weights(layer: string): QuantizedType;
  activations(site: QuantizerSite): QuantizedType;
}

export async function draft(
  model: Model,
  options: QuantizeOptions,
  context: Calibration & PassContext,
): Promise<Blueprint> {
  return drawUp(await survey(model, options, context), options);
}

/**
 * Places the quantizers of a model and runs it over the calibration data.
 *
 * @param known what was seen of values before, with the same calibrator and data.
 */
export async function survey(
  model: Model,
  options: QuantizeOptions,
  context: Partial<Calibration> & PassContext,
  known: ReadonlyMap<string, Summary> = new Map(),
): Promise<Survey> {
  const profile = profiles.find(({ id }) => id === options.profile)!;
  requireSupported(options, profile);
  const calibrator = calibrators.find(({ id }) => id === options.calibrator)!;
  const placed = place(model, profile, (layer) => {
    const { skip, weights = options.weights } = layerRule([layer], options.layers);
    return skip || weights === 'float' ? 'the recipe leaves it' : undefined;
  });
  const placement = isStatic(options) ? placed : withoutQuantizers(placed, options);
  const { runtime, calibration } = context;
  const unknown = placement.quantizers.filter(({ observed }) =>
    observed.some((value) => !known.has(value)),
  );
  const more =
    unknown.length > 0 && runtime && calibration
      ? await observe(model, unknown, calibrator, { ...context, runtime, calibration })
      : new Map<string, Summary>();
  const seen = new Map([...known, ...more]);
  return { model, profile, placement, calibrator, seen };
}

/** Whether ranges of activations are found beforehand, on calibration data. */
export function isStatic({ activations }: QuantizeOptions): boolean {
  return activations !== 'float' && activations !== 'dynamic';
}

function withoutQuantizers(placed: Placement, { activations }: QuantizeOptions): Placement {
  const alone = { ...placed, quantizers: [], operands: [] };
  if (activations === 'float') return alone;
  const reason = 'only MatMul and Gemm are quantized dynamically';
  const others = placed.layers.filter((site) => !isProduct(site));
  const floats = [...placed.floats, ...others.map(({ name }) => ({ name, reason }))];
  return { ...alone, layers: placed.layers.filter(isProduct), floats };
}

function isProduct({ node }: LayerSite): boolean {
  return node.opType === 'MatMul' || node.opType === 'Gemm';
}

/** @param types those of the options by default. */
export function drawUp(
  { model, profile, placement, calibrator, seen }: Survey,
  options: QuantizeOptions,
  types: Types = typesOf(options, profile, placement),
): Blueprint {
  const { symmetric } = profile.activations;
  const grids = activationGrids(placement.quantizers, seen, calibrator, (site) => ({
    type: types.activations(site),
    symmetric,
  }));
  const { isReduced } = reducedRange(options, profile);
  const layers = placement.layers.map((site): [string, QuantizedLayer] => {
    const type = types.weights(site.name);
    if (options.weight_block && isProduct(site) && type.bits === 4) {
      const range = weightRangeFor(options.weight_range, type);
      return [site.name, { site, weight: quantizeBlocks(site, options.weight_block, type, range) }];
    }
    const weight = quantizeWeight(site, {
      type,
      symmetric: true,
      reduced: isReduced && type.bits === 8,
      perChannel: options.per_channel && profile.weights.perChannel.includes(site.node.opType!),
      range: weightRangeFor(options.weight_range, type),
      input: grids.get(site.input),
    });
    return [site.name, { site, weight }];
  });
  const operands = quantizedOperands(placement.operands, options, profile);
  const dynamic = options.activations === 'dynamic';
  const accuracyLevel = options.accuracy_level;
  return { model, profile, layers: new Map(layers), grids, dynamic, accuracyLevel, operands };
}

/** Constants among operands have the type of activations: the kernels want both sides alike. */
function quantizedOperands(
  operands: readonly Tensor[],
  options: QuantizeOptions,
  profile: Profile,
): Map<string, QuantizedOperand> {
  const type = quantizedType(usualActivations(options, profile));
  const { symmetric } = profile.activations;
  return new Map(
    operands.map((tensor) => {
      const [dims, values] = [dimsOf(tensor), floats(tensor)];
      const grid = gridOf(extremes(values, dims, undefined), type, { symmetric });
      return [tensor.name!, { tensor, weight: { grid, codes: encode(values, dims, grid) } }];
    }),
  );
}

function usualActivations({ activations }: QuantizeOptions, profile: Profile): string {
  return activations === 'auto' ? profile.activations.types[0] : activations;
}

/** The types that options ask for: what several layers read has the widest of what they want. */
export function typesOf(options: QuantizeOptions, profile: Profile, placement: Placement): Types {
  const usual = usualActivations(options, profile);
  return {
    weights: (layer) =>
      quantizedType(layerRule([layer], options.layers).weights ?? options.weights),
    activations: ({ values }) => {
      const wanted = placement.layers
        .filter(({ input }) => values.includes(input))
        .map(({ name }) => layerRule([name], options.layers).activations ?? usual);
      return (wanted.length > 0 ? wanted : [usual])
        .map(quantizedType)
        .reduce((a, b) => (b.bits > a.bits ? b : a));
    },
  };
}
