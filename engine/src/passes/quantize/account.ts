/** What quantization did to each layer, for the report. */

import type { Why } from '#protocol/report';
import type { Issue } from '../../ir/issue';
import { floats } from '../../ir/tensor';
import { idlePatterns } from '../layer-rules';
import type { PassNote } from '../pass';
import { decodedWeight, type Blueprint, type QuantizedLayer } from './blueprint';
import type { QuantizeOptions } from './options';
import type { Placement } from './placement';
import { reducedRange } from './reduced-range';
import { sqnr } from './sensitivity/outcome';
import { squaredDistance } from './sensitivity/read-statistics';

/** Bits of each layer's weights, and why those that stay floats do. */
export function notesOf(blueprint: Blueprint, placement: Placement): PassNote[] {
  const quantized = [...blueprint.layers].map(([name, layer]) =>
    note(name, layer.weight.grid.type.bits, reasonOf(layer, blueprint), {
      weightSqnrDb: weightSqnrDb(layer),
    }),
  );
  return [
    ...quantized,
    ...placement.floats.map(({ name, reason }) => note(name, 32, `stays float: ${reason}`)),
  ];
}

function note(subject: string, after: number, reason: string, why?: Why): PassNote {
  return { subject, layers: [subject], counts: 'bits', before: 32, after, reason, why };
}

/** Signal to noise of the weight in dB; null where rounding changes nothing. */
function weightSqnrDb(layer: QuantizedLayer): number | null {
  const exact = floats(layer.site.weight);
  const signal = exact.reduce((sum, each) => sum + each * each, 0);
  return sqnr(signal, squaredDistance(exact, decodedWeight(layer)));
}

function reasonOf(
  { site, weight, correction }: QuantizedLayer,
  { grids, dynamic }: Blueprint,
): string {
  const { type, scale } = weight.grid;
  const scales = weight.grid.axis === undefined ? 'one scale' : `${scale.length} scales`;
  const float = dynamic ? 'bytes whose range is found when it runs' : 'floats';
  const reads = grids.get(site.input)?.type.name ?? float;
  const done = correction ? `, ${correction}` : '';
  return `${type.name} weights with ${scales}, reads ${reads}${done}`;
}

/** What a person should know of the decisions. */
export function issuesOf(
  options: QuantizeOptions,
  { profile, layers }: Blueprint,
  { floats }: Placement,
): Issue[] {
  const names = [...layers.keys(), ...floats.map(({ name }) => name)];
  const idle = idlePatterns(
    names.map((name) => [name]),
    options.layers,
    'layer with weights',
    'inspect',
  );
  const { issue } = reducedRange(options, profile);
  const isByte = [...layers.values()].some(({ weight }) => weight.grid.type.bits === 8);
  return [
    ...idle,
    ...(issue && isByte ? [issue] : []),
    ...(layers.size > 0 ? [] : [nothing(floats)]),
  ];
}

function nothing([first]: Placement['floats']): Issue {
  const example = first ? `; ${first.name}, for one: ${first.reason}` : ', for it has none';
  const message = `No layer of the model was quantized${example}.`;
  return { severity: 'warning', code: 'nothing-quantized', message };
}
