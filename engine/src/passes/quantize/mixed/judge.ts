/** Says what a changed model loses against the original on the calibration data. */

import type { Effect } from '#protocol/sensitivity';
import type { Issue } from '../../../ir/issue';
import type { Model } from '../../../ir/model';
import { Lanes } from '../../../runtime/lanes';
import type { PassContext } from '../../pass';
import type { Calibration } from '../calibrate';
import type { LayerSite } from '../placement';
import { Batches } from '../sensitivity/batches';
import { chunkSize } from '../sensitivity/chunk-size';
import { effectOf } from '../sensitivity/whole';

export interface Judgement extends Effect {
  /** Top-1 that is lost; without labels the noise's share of the output's power. */
  readonly drop: number;
}

export class Judge {
  private constructor(
    readonly lanes: Lanes,
    readonly batches: Batches,
  ) {}

  /** @param layers that will be tried one by one. */
  static async open(
    original: Model,
    layers: readonly LayerSite[],
    context: Calibration & PassContext,
  ): Promise<Judge> {
    const lanes = await Lanes.start(context.runtime, context.signal);
    try {
      const nodes = layers.map(({ node }) => node);
      const size = nodes.length > 0 ? await chunkSize(original, nodes, context) : 1;
      const batches = await Batches.open(original, context.calibration, size, {
        ...context,
        lanes,
      });
      return new Judge(lanes, batches);
    } catch (error) {
      await lanes.close();
      throw error;
    }
  }

  async judge(model: Model, signal: AbortSignal): Promise<Judgement> {
    const effect = await effectOf(model, this.batches, { lanes: this.lanes, signal });
    const { original } = this.batches;
    const drop = original === null ? noiseShare(effect.sqnrDb) : original - effect.metric!;
    return { ...effect, drop };
  }

  /** `1.2 points of top-1`, `a noise of 1.2 % of the output`. */
  inWords(drop: number): string {
    return this.batches.original === null
      ? `noise of ${(100 * drop).toFixed(2)} % of the output's power`
      : `${(100 * drop).toFixed(2)} points of top-1`;
  }

  /** What stands for accuracy where there are no labels. */
  get issues(): Issue[] {
    if (this.batches.original !== null) return [];
    const message =
      "The calibration data has no labels, so max_drop was held against the noise's share of the output's power: 0.01 is an SQNR of 20 dB.";
    return [{ severity: 'information', code: 'no-labels', message }];
  }

  async close(): Promise<void> {
    await this.lanes.close();
  }
}

/** Noise as a share of the output's power, from its signal to noise in dB. */
export function noiseShare(sqnrDb: number | null): number {
  return sqnrDb === null ? 0 : 10 ** (-sqnrDb / 10);
}
