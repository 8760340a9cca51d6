/** The option `latency`: how long the result of a pass may take on the device of the run. */

import { z } from 'zod';
import { estimate } from '../device/estimate';
import type { Target } from '../device/profile';
import { workloadOf } from '../device/workload';
import { CoppiceError, type Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { parseMilliseconds } from '../ir/units';
import type { LatencyEstimate } from '#protocol/device';

export const latencyOption = z
  .union([z.number(), z.string()])
  .refine(
    (given) => parseGoal(given) !== undefined,
    'Give a time with its unit, such as 12 ms, or the share that is left, such as 0.6',
  );

/** A time in milliseconds, or the share of the original's that is left. */
export type LatencyGoal = { readonly ms: number } | { readonly left: number };

/** Undefined for what is neither a time nor a share. The command line gives shares as text, too. */
export function parseGoal(given: number | string): LatencyGoal | undefined {
  const left = Number(given);
  if (left > 0 && left < 1) return { left };
  const ms = typeof given === 'string' ? parseMilliseconds(given) : undefined;
  return ms !== undefined && ms > 0 ? { ms } : undefined;
}

/** The limit in milliseconds for a model that takes so many now. */
export function limitOf(goal: LatencyGoal, wholeMs: number): number {
  return 'ms' in goal ? goal.ms : goal.left * wholeMs;
}

/** @throws CoppiceError `no-device` where there is none, `no-estimate` where only a bound is known. */
export function requireEstimates(device: Target | undefined): Target {
  if (!device) {
    throw new CoppiceError(
      'no-device',
      'A latency is estimated for a device: name it (`device: raspberry-pi-4` in a recipe, --device on the command line; `coppice devices` lists them).',
    );
  }
  if (device.profile.cost.form === 'bound') {
    throw new CoppiceError(
      'no-estimate',
      `For ${device.device.name} only a bound is known that no model can beat, which says nothing of how long one takes: give macs or bytes instead of latency, or calibrate the device.`,
    );
  }
  return device;
}

export function estimateOf(model: Model, target: Target): LatencyEstimate {
  return estimate(workloadOf(model), target);
}

/** Where more of the time is in kernels that the profile has no figures for, no interval holds. */
export const mostUncovered = 0.05;

/** What is to be said of a result that is estimated to take no longer than was asked for. */
export function reachedIssue(goal: LatencyGoal, wholeMs: number, found: LatencyEstimate): Issue {
  const { name } = found.device;
  const takes = `The result is estimated to take ${inMs(found.ms)} on ${name}`;
  const was = `the model before it ${inMs(wholeMs)}`;
  if ('left' in goal) {
    return said('latency-met', `${takes}, ${was}: ${percent(found.ms / wholeMs)} are left.`);
  }
  const [low, high] = [found.lowMs ?? found.ms, found.highMs ?? found.ms];
  const within = `within ${inMs(goal.ms)}; ${was}`;
  const interval = `(80 % of models lie between ${inMs(low)} and ${inMs(high)})`;
  if (found.uncovered > mostUncovered) {
    const unknown = `${percent(found.uncovered)} of it is in kernels that were never timed there`;
    const advice = 'measure it on the device';
    return said('latency-likely', `${takes}, likely ${within}, but ${unknown}: ${advice}.`);
  }
  if (high <= goal.ms) return said('latency-met', `${takes} ${interval}, ${within}.`);
  const certain = inMs((goal.ms * found.ms) / high);
  const advice = `measure it on the device, or ask for ${certain} to be sure`;
  return said('latency-likely', `${takes} ${interval}, likely ${within}: ${advice}.`);
}

function said(code: string, message: string): Issue {
  return { severity: 'information', code, message };
}

/** `12.5 ms`, `0.0831 ms`. */
export function inMs(ms: number): string {
  return `${Number(ms.toPrecision(3))} ms`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
