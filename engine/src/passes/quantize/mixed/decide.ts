/** Which layers get which width and which stay float, where the options leave that to measuring. */

import type { Model } from '../../../ir/model';
import type { PassContext } from '../../pass';
import type { Calibration } from '../calibrate';
import { widthsOf, type QuantizeOptions } from '../options';
import { chooseWidths } from './choose-widths';
import type { Build, Decision, Look } from './decision';
import { Judge } from './judge';
import { limitDrop } from './limit-drop';

/** @param model prepared. */
export async function decidePrecision(
  model: Model,
  options: QuantizeOptions,
  context: Calibration & PassContext,
  { look, build }: { look: Look; build: Build },
): Promise<Decision> {
  const { max_drop: limit } = options;
  const widths = widthsOf(options);
  if (!widths && limit === undefined) return { options, reasons: new Map(), issues: [] };
  const surveyed = await look(options);
  const judge = await Judge.open(model, surveyed.placement.layers, context);
  try {
    return widths
      ? await chooseWidths(surveyed, options, judge, build, context)
      : await limitDrop(options, limit!, judge, build, context);
  } finally {
    await judge.close();
  }
}
