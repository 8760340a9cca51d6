/** How training goes: what a pass tells while it trains, and the curves that a report keeps. */

/** After one step of training. */
export interface TrainingFigures {
  /** What of several trainings this one is, for example `4 bits` or `round 2`; absent where there is one. */
  readonly title?: string;
  /** Steps that are done, 1 … `steps`. */
  readonly step: number;
  readonly steps: number;
  /** The epoch that goes on, 1 … `epochs`. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of this step's batch alone. */
  readonly loss: number;
  /** Share of the batch that was right, as it was seen; null without labels. */
  readonly accuracy: number | null;
  /** Learning rate of the step. */
  readonly rate: number;
}

/** Loss, accuracy and rate over the steps of one training. */
export interface TrainingCurve {
  /** As in `TrainingFigures`. */
  readonly title?: string;
  /** Steps that were planned. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** In the order of steps; some hundred, however long training takes. */
  readonly points: readonly CurvePoint[];
  /** One for each epoch that ended. */
  readonly epochs: readonly EpochPoint[];
}

/** The mean over the steps since the point before. */
export interface CurvePoint {
  /** The last of them, from 1. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number | null;
  /** Learning rate of the last of them. */
  readonly rate: number;
}

/** The mean over an epoch. */
export interface EpochPoint extends CurvePoint {
  /** From 1. */
  readonly epoch: number;
  /** Share of samples that are not trained on, right after the epoch; absent where it is not measured. */
  readonly heldOut?: number;
}
