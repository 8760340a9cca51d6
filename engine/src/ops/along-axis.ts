/** Operators that rework a value along an axis and keep its shape. */

import { along, axisAttribute, axisInput } from './channel-rules/joining';
import type { ChannelRule } from './channel-rule';
import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

const channels: Readonly<Record<string, ChannelRule>> = {
  CumSum: along(axisInput(1)),
  CumProd: along(axisInput(1)),
  ReverseSequence: along((context) => [
    ...axisAttribute('time_axis', 0)(context),
    ...axisAttribute('batch_axis', 1)(context),
  ]),
};

export const alongAxis: readonly Op[] = Object.entries(channels).map(([type, rule]) => ({
  type,
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: rule,
}));
