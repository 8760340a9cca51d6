/**
 * Mixed precision: each layer's weights get one of several widths, or stay float, so that the noise of
 * the output is least for the bytes or the time that they may take. Noises of layers add up (HAWQ-V3
 * chooses so by integer programming); the choice is exact. A limit on the drop is met with as few bytes
 * as bisection over the budget finds.
 */

import { parseMilliseconds } from '../../../ir/units';
import type { PassContext } from '../../pass';
import type { Calibration } from '../calibrate';
import type { Survey } from '../draft';
import { withExceptions, type LayerOptions } from '../exceptions';
import { estimatedFor, measuredHere, type LayerCosts } from '../layer-costs';
import { widthsOf, type QuantizeOptions } from '../options';
import { quickDraft } from '../quick-draft';
import { widthOf } from '../sensitivity/width';
import { requireSupported } from '../supported';
import type { Build, Decision } from './decision';
import { exceptionOf, float, itemOf, type Item } from './items';
import type { Judge } from './judge';
import { weightLosses } from './losses';
import { reasonFor } from './reason';
import type { Selection } from './selection';
import { withinBytes } from './within-bytes';
import { withinDrop } from './within-drop';
import { withinLatency } from './within-latency';

export async function chooseWidths(
  survey: Survey,
  options: QuantizeOptions,
  judge: Judge,
  build: Build,
  context: Calibration & PassContext,
  costs: LayerCosts = costsFor(survey, options, context),
): Promise<Decision> {
  const { model, placement, profile } = survey;
  const bits = [...new Set(widthsOf(options))].sort((a, b) => a - b);
  const asked = bits.map((each) => [`${each} bits`, exceptionOf(each)] as const);
  requireSupported(withExceptions(options, asked), profile);
  const integers = bits.filter((each) => each !== float);
  const widths = integers.map((each) => widthOf(each, survey, options));
  const losses = await weightLosses(survey, widths, judge, context);
  const items = placement.layers.map((site) => itemOf(site, bits, widths, losses.get(site.name)!));
  const optionsFor = (chosen: readonly number[]): QuantizeOptions =>
    withExceptions(options, exceptionsFor(items, chosen));
  const select = async (): Promise<Selection> => {
    if (options.bytes !== undefined) {
      const grids = new Set(widths[0]?.blueprint.grids.values()).size;
      return withinBytes(items, options.bytes, model, grids);
    }
    if (options.latency !== undefined) {
      const modelFor = async (chosen: readonly number[]) =>
        (await quickDraft(model, optionsFor(chosen), context)).model;
      return withinLatency(
        model,
        items,
        parseMilliseconds(options.latency)!,
        modelFor,
        costs,
        context,
      );
    }
    return withinDrop(items, options.max_drop!, optionsFor, judge, build, context);
  };
  const { chosen, layersMs, issues } = await select();
  return {
    options: optionsFor(chosen),
    reasons: new Map(
      items.map((item, i) => [item.site.name, reasonFor(item, chosen[i], layersMs?.[i])]),
    ),
    issues,
  };
}

/** The device of the run, where its latency is the target; this machine otherwise. */
function costsFor(
  { model }: Survey,
  { latency }: QuantizeOptions,
  { device, runtime }: Calibration & PassContext,
): LayerCosts {
  return latency !== undefined && device ? estimatedFor(device) : measuredHere(model, runtime);
}

function exceptionsFor(
  items: readonly Item[],
  chosen: readonly number[],
): [string, LayerOptions][] {
  return items.map(({ site, candidates }, i) => [
    site.name,
    exceptionOf(candidates[chosen[i]].bits),
  ]);
}
