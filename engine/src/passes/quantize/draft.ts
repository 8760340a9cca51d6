/** The first blueprint of a model: grids by calibration, codes by rounding to the nearest. */

import type { Model } from '../../ir/model';
import { layerRule } from '../layer-rules';
import type { PassContext } from '../pass';
import type { Blueprint, QuantizedLayer } from './blueprint';
import { activationGrids, observe, type Calibration } from './calibrate';
import { calibrators } from './calibrators/index';
import type { QuantizeOptions } from './options';
import { place } from './placement';
import { profiles } from './profiles/index';
import { quantizedType } from './quantized-type';
import { quantizeWeight } from './weights';

export async function draft(
  model: Model,
  options: QuantizeOptions,
  context: Calibration & PassContext,
): Promise<Blueprint> {
  const profile = profiles.find(({ id }) => id === options.profile)!;
  const calibrator = calibrators.find(({ id }) => id === options.calibrator)!;
  const placement = place(model, profile, (layer) =>
    layerRule([layer], options.layers).skip ? 'the recipe leaves it' : undefined,
  );
  const wanted =
    options.activations === 'auto' ? profile.activations.types[0] : options.activations;
  const type = quantizedType(wanted);
  const seen = await observe(model, placement.quantizers, calibrator, context);
  const { symmetric } = profile.activations;
  const grids = activationGrids(placement.quantizers, seen, calibrator, () => ({
    type,
    symmetric,
  }));
  const layers = placement.layers.map((site): [string, QuantizedLayer] => {
    const rule = layerRule([site.name], options.layers);
    const weight = quantizeWeight(site, {
      type: quantizedType(rule.weights ?? options.weights),
      symmetric: true,
      perChannel: options.per_channel && profile.weights.perChannel.includes(site.node.opType!),
      input: grids.get(site.input),
    });
    return [site.name, { site, weight }];
  });
  return { model, profile, layers: new Map(layers), grids };
}
