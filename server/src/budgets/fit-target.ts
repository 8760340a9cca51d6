/** What compression has to reach so that a model keeps to a budget that it is over. */

import { resolve } from 'node:path';
import { formatFigure } from '#engine/budget/figures';
import type { QuickTarget } from '#protocol/messages';
import type { Workspace } from '../workspace';
import type { Judged } from './judge-models';

export interface Fit {
  /** The model to start from: that of the recipe, where its result is not small enough. */
  readonly model: string;
  readonly target: QuickTarget;
  /** `15 ms on Raspberry Pi 4`, `1 MB`. */
  readonly goal: string;
}

/** Less than this share cannot be left by cutting channels. */
const leastShare = 0.02;

/** Undefined where the budget is kept, or where making the model smaller does not help. */
export function fitFor({ limit, result }: Judged, workspace: Workspace): Fit | undefined {
  const { verdict, device, subject } = result;
  if (verdict !== 'over' && verdict !== 'likely') return undefined;
  const model = limit.scope.kind === 'result' ? limit.scope.model : resolve(subject);
  const { metric, value } = limit;
  const figure = formatFigure(metric, value);
  if (metric === 'latency') {
    // A bound is nothing to search by.
    if (limit.device === null || result.low === null) return undefined;
    const on = ` on ${device?.name ?? limit.device}`;
    if (verdict === 'over') {
      return { model, target: { latency: `${value} ms`, device: limit.device }, goal: figure + on };
    }
    // Within its budget by the estimate; so much less that the far end of the interval is, too.
    const sure = floorTo3((value * result.actual!) / result.high!);
    const latency = `${sure} ms`;
    return {
      model,
      target: { latency, device: limit.device },
      goal: `${latency}${on}, to be sure`,
    };
  }
  const reading = workspace.models.peek(model);
  const totals = reading?.inspection?.totals;
  if (!totals || metric === 'accuracy') return undefined;
  if (metric === 'size') {
    // What is no weight stays.
    const rest = (reading.bytes ?? totals.weightBytes) - totals.weightBytes;
    const bytes = shareOf(value - rest, totals.weightBytes);
    return bytes === undefined ? undefined : { model, target: { bytes }, goal: figure };
  }
  const share = shareOf(value, totals[metric]);
  const what = metric === 'macs' ? 'MACs' : 'params';
  return share === undefined
    ? undefined
    : { model, target: { [metric]: share }, goal: `${figure} ${what}` };
}

function floorTo3(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2);
  return Number((Math.floor(value / unit) * unit).toPrecision(3));
}

/** Rounded down, so that the budget is kept; undefined where it is out of reach. */
function shareOf(wanted: number, whole: number): number | undefined {
  const share = Math.floor((wanted / whole) * 1000) / 1000;
  return share >= leastShare && share < 1 ? share : undefined;
}
