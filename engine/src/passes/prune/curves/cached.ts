/** Curves that were measured before are read instead, so that a run that was stopped goes on. */

import { createHash } from 'node:crypto';
import type { ChannelAnalysis } from '../../../channels/analyze';
import { encodeModel } from '../../../onnx/write';
import type { Cache } from '../../cache';
import type { Curve } from './curve';
import {
  imagesFor,
  measureCurves,
  pointsOf,
  type CurveContext,
  type CurveGroup,
  type CurveSettings,
} from './measure';

export interface CachedContext extends CurveContext {
  readonly seed: number;
  readonly cache?: Cache;
  /** Samples to look at, at most. */
  readonly images: number;
}

/**
 * One curve for each group, in their order. Each is kept as soon as it is measured, under what
 * decides it: the model, the samples, the settings, and which units go at each point.
 */
export async function curvesOf(
  analysis: ChannelAnalysis,
  groups: readonly CurveGroup[],
  settings: CurveSettings,
  context: CachedContext,
): Promise<Curve[]> {
  const { calibration, cache, seed } = context;
  const most = Math.min(context.images, calibration.samples);
  const samples = calibration.sample(imagesFor(analysis, groups.length, most), seed);
  const name = `curves-${digest([digest(encodeModel(analysis.model)), samples.hash, settings])}`;
  const known = readCurves(cache?.read(name));
  const keys = new Map(groups.map((each) => [each.group, keyOf(each)]));
  const missing = groups.filter(({ group }) => !known.has(keys.get(group)!));
  if (missing.length > 0) {
    const measured = measureCurves(analysis, missing, settings, {
      ...context,
      calibration: samples,
    });
    for await (const { group, curve } of measured) {
      known.set(keys.get(group)!, curve);
      cache?.write(name, JSON.stringify(Object.fromEntries(known)));
    }
  }
  return groups.map(({ group }) => known.get(keys.get(group)!)!);
}

/** The units that go at each point, in words that change with them. */
function keyOf({ group, order, counts }: CurveGroup): string {
  const points = pointsOf(counts).map((kept) => order.slice(0, counts[0] - kept).sort(ascending));
  return `${group.id} ${digest([counts[0], points])}`;
}

function readCurves(text: string | undefined): Map<string, Curve> {
  try {
    return new Map(Object.entries(JSON.parse(text ?? '{}') as Record<string, Curve>));
  } catch {
    // A file that cannot be read is as good as none: its curves are measured again.
    return new Map();
  }
}

function digest(content: unknown): string {
  const bytes = content instanceof Uint8Array ? content : JSON.stringify(content);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

const ascending = (a: number, b: number): number => a - b;
