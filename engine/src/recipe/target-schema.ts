/** What a recipe asks of its result: limits, or shares of the original that may be left. */

import { z } from 'zod';
import { parseBytes, parseCount, parseMilliseconds } from '../ir/units';
import type { TargetQuantity } from '../report/report';

/** A limit in the quantity's own unit, or the share of the original's that may be left. */
export type TargetGoal = { readonly limit: number } | { readonly left: number };

type Parse = (text: string) => number | undefined;

/** `92 %` and `0.92` are the same. */
const parseShare: Parse = (text) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text);
  return match ? Number(match[1]) / (match[2] ? 100 : 1) : undefined;
};

const units: Readonly<Record<TargetQuantity, Parse>> = {
  latency: parseMilliseconds,
  size: parseBytes,
  macs: parseCount,
  params: parseCount,
  accuracy: parseShare,
  accuracy_drop: (text) => Number(text) / 100,
};

/** Of these a number between 0 and 1 is a share of the original's. */
const relative: readonly TargetQuantity[] = ['latency', 'size', 'macs', 'params'];

/** Undefined for what is no goal for the quantity. */
export function parseTarget(
  quantity: TargetQuantity,
  given: number | string,
): TargetGoal | undefined {
  if (relative.includes(quantity) && Number(given) > 0 && Number(given) < 1) {
    return { left: Number(given) };
  }
  const limit = units[quantity](String(given));
  if (limit === undefined || !Number.isFinite(limit) || limit < 0) return undefined;
  if (quantity === 'accuracy' && limit > 1) return undefined;
  return limit > 0 || quantity === 'accuracy_drop' ? { limit } : undefined;
}

function goal(quantity: TargetQuantity, hint: string) {
  return z
    .union([z.number(), z.string()])
    .refine((given) => parseTarget(quantity, given) !== undefined, `Give ${hint}`)
    .optional();
}

export const targetSchema = z
  .strictObject({
    latency: goal(
      'latency',
      'a time, such as 12 ms, or the share that may be left, such as 0.6',
    ).describe(
      'The longest time of one inference, such as `12 ms`, or the share that may be left: by the estimate for the device, or measured here where the recipe names none.',
    ),
    size: goal('size', 'a size, such as 1 MB, or the share that may be left, such as 0.5').describe(
      'The most bytes on disk, such as `1 MB`, or the share that may be left.',
    ),
    macs: goal(
      'macs',
      'a count, such as 50 M, or the share that may be left, such as 0.5',
    ).describe('The most multiply-accumulates, such as `50 M`, or the share that may be left.'),
    params: goal(
      'params',
      'a count, such as 300 k, or the share that may be left, such as 0.5',
    ).describe('The most params, such as `300 k`, or the share that may be left.'),
    accuracy: goal('accuracy', 'a share, such as 92 % or 0.92').describe(
      'The least top-1 accuracy on the validation data, such as `92 %`.',
    ),
    accuracy_drop: goal('accuracy_drop', 'a number of points, such as 0.5').describe(
      'The most percentage points of top-1 accuracy that may be lost, such as 0.5.',
    ),
  })
  .refine((target) => Object.keys(target).length > 0, 'A target asks for at least one figure')
  .describe(
    'What the result must reach; checked at the end of a run, which else exits with code 1.',
  );

export type RecipeTarget = z.infer<typeof targetSchema>;
