/** The contract of a compression pass. `index.ts` lists all passes. */

import type { Why } from '#protocol/report';
import type { TrainingCurve, TrainingFigures } from '#protocol/training';
import type { z } from 'zod';
import type { Model } from '../ir/model';
import type { Issue } from '../ir/issue';
import type { Target } from '../device/profile';
import type { Dataset } from '../data/dataset';
import type { Runtime } from '../runtime/runtime';
import type { CheckpointStore } from '../train/checkpoints';
import type { Cache } from './cache';

export interface Pass<Options = unknown> {
  /** The key of the step in a recipe and the verb of the command line, for example `prune`. */
  readonly id: string;
  readonly title: string;
  /** One paragraph for the reference page and the command's help. */
  readonly doc: string;
  /** Schema of the options, from which types, defaults, JSON schema and command line derive. */
  readonly options: z.ZodType<Options>;
  /** True where the gain shows only in a compressed file, whose size the report then states. */
  readonly gainsInCompressedSize?: boolean;
  /** The option, if one is given, that makes no sense without a device. */
  needsDevice?(options: Options): string | undefined;
  /** Other models that the result depends on, as paths relative to the recipe. */
  reads?(options: Options): readonly string[];
  /** Why this model cannot take the pass at all; undefined when it can. */
  refuse(model: Model): string | undefined;
  /** What `run` would do and why, without doing it; absent where that cannot be told apart. */
  plan?(
    model: Model,
    options: Options,
    context: PassContext,
  ): Promise<Pick<PassResult, 'notes' | 'issues'>>;
  /** Never mutates `model`. */
  run(model: Model, options: Options, context: PassContext): Promise<PassResult>;
}

export interface PassResult {
  readonly model: Model;
  readonly changed: boolean;
  /** What was done, part by part, for the report. */
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
  /**
   * For passes that cut channels and had a runtime: the largest difference between the masked original and
   * the cut model (before any recovery), relative to the largest output.
   */
  readonly maskedError?: MaskedError;
  /** For passes that trained: one curve for each training, in their order. */
  readonly curves?: readonly TrainingCurve[];
}

export interface MaskedError {
  readonly relative: number;
  readonly absolute: number;
}

export type Counted = 'channels' | 'macs' | 'nodes' | 'weights' | 'bits' | 'loss';

/** One line of a pass's account: a channel group that was cut, a layer that was rewritten. */
export interface PassNote {
  /** Channel group or layer. */
  readonly subject: string;
  /** Layers that are affected. */
  readonly layers: readonly string[];
  /** What `before` and `after` count; channels where it is not said. */
  readonly counts?: Counted;
  readonly before: number;
  readonly after: number;
  /** Why, in words. */
  readonly reason: string;
  /** The figures behind it, by names that stay the same. */
  readonly why?: Why;
}

export interface PassContext {
  readonly signal: AbortSignal;
  readonly seed: number;
  progress(step: Progress): void;
  /** Runs models; absent in an untrusted workspace. */
  readonly runtime?: Runtime;
  /** What the run began with, which may teach what has become of it. */
  readonly original?: Model;
  /** What paths among the options are relative to; the process's folder unless given. */
  readonly directory?: string;
  /** Calibration samples, labels not needed. */
  readonly calibration?: Dataset;
  /** Samples that results are measured on, labelled or not; nothing is learnt from them. */
  readonly validation?: Dataset;
  /** Class k is output k + this; to be found out from the original where it is absent. */
  readonly labelOffset?: number;
  /** What latencies are estimated for; absent where the recipe names no device. */
  readonly device?: Target;
  /** Keeps measurements, so that a step that was stopped goes on. */
  readonly cache?: Cache;
  /** Keeps what a training did so far, until the run has written its result. */
  readonly checkpoints?: CheckpointStore;
}

export interface Progress {
  /** What is going on, for example `reconstructing layer2.0.conv2`. */
  readonly message: string;
  /** 0 … 1 where known. */
  readonly fraction?: number;
  /** While something is trained: the step that was just made, and the curve up to it. */
  readonly training?: { readonly figures: TrainingFigures; readonly curve: TrainingCurve };
}
