/** The layers that take part, with what there is to know of them; and why the others do not. */

import type { Model } from '../../ir/model';
import type { Dataset } from '../../data/dataset';
import type { Runtime } from '../../runtime/runtime';
import { layerRule } from '../layer-rules';
import type { Progress } from '../pass';
import type { DecomposableLayer, FoundLayers } from './layers';
import type { Method } from './method';
import { methods } from './methods/index';
import { collectMoments, unmeasured, type SeenInput } from './moments';
import type { DecomposeOptions } from './options';
import type { Subject } from './plan';
import { LayerStudy } from './study';

/**
 * `auto` leaves these out: what they lose is known only after long work, or they need training, or
 * their grouped layers of several inputs take the runtime far longer than their MACs say.
 */
const notCompeting = new Set(['cp', 'separable', 'decouple-pw-dw']);

export interface Participants {
  readonly subjects: readonly Subject[];
  /** By name of the layer: why it stays as it is. */
  readonly reasons: ReadonlyMap<string, string>;
}

type Entrant = Pick<Subject, 'rule' | 'methods'> & { readonly layer: DecomposableLayer };

/**
 * @param data what the layers' inputs are measured on; without it, weights are all that counts.
 * @throws CoppiceError `feeds` when the data does not fit the model's inputs.
 */
export async function gather(
  model: Model,
  { layers }: FoundLayers,
  options: DecomposeOptions,
  context: {
    readonly data?: { readonly runtime: Runtime; readonly calibration: Dataset };
    readonly signal: AbortSignal;
    readonly seed: number;
    progress(step: Progress): void;
  },
): Promise<Participants> {
  const reasons = new Map<string, string>();
  const entrants: Entrant[] = [];
  for (const layer of layers) {
    const found = 'reason' in layer ? layer.reason : admit(layer, options);
    if (typeof found === 'string') reasons.set(layer.name, found);
    else entrants.push(found);
  }
  const message = 'reading what the layers see';
  const measured = entrants.map(({ layer }) => layer).filter((layer) => !unmeasured(layer));
  const moments: ReadonlyMap<DecomposableLayer, SeenInput> = context.data
    ? await collectMoments(model, measured, {
        ...context,
        ...context.data,
        progress: (fraction) => context.progress({ message, fraction: fraction / 4 }),
      })
    : new Map();
  const subjects = entrants.flatMap(({ layer, rule, methods }) => {
    const study = new LayerStudy(layer, moments.get(layer));
    if (study.kernel.data.every(Number.isFinite)) {
      return [{ study, rule, methods, weight: 1, ceiling: layer.macs }];
    }
    reasons.set(layer.name, 'its weight holds numbers that are not finite');
    return [];
  });
  return { subjects, reasons };
}

/** The layer with the methods that may be tried on it, or why it stays out. */
function admit(layer: DecomposableLayer, options: DecomposeOptions): Entrant | string {
  const rule = layerRule([layer.name], options.layers);
  if (rule.skip) return `left as it is by layers: ${rule.patterns.join(', ')}`;
  const wanted = rule.method ?? options.method;
  const asked =
    wanted === 'auto'
      ? methods.filter(({ id }) => !notCompeting.has(id))
      : methods.filter(({ id }) => id === wanted);
  const refusals = asked.map((method) => method.refuse(layer.shape));
  const fitting: Method[] = asked.filter((_, i) => refusals[i] === undefined);
  if (fitting.length > 0) return { layer, rule, methods: fitting };
  return [...new Set(refusals)].join('; ');
}
