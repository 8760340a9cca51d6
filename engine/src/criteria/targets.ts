/**
 * What the gradients of criteria are taken of: the cross-entropy with a class for each image.
 *
 * With labels that class is the label. Without them it is drawn, with a seed, from the classes' shares
 * that the model itself gives. Those shares as soft targets would not do: their cross-entropy is at its
 * minimum, and every gradient is zero. The mean square of gradients of drawn classes is the Fisher
 * information, the curvature of the divergence between the outputs before and after a change
 * (Martens, arXiv 1412.1193); with labels it is the empirical Fisher information.
 *
 * A model whose scores are so far apart that its shares are ones and zeros has no gradients either:
 * what it says is softened by a temperature, as soft labels are (Hinton et al., arXiv 1503.02531).
 */

import type { ChannelAnalysis } from '../channels/analyze';
import { CoppiceError } from '../ir/issue';
import { seededRandom } from '../linalg/random';
import { streamActivations } from '../runtime/activations';
import { logitsOf } from '../train/logits';
import type { Observation } from './criterion';

/** For each sample the output that is its class, in the order of the data. */
export interface Targets {
  readonly classes: number;
  readonly of: Int32Array;
  /** By which scores are divided before their softmax. */
  readonly temperature: number;
}

/** What the classes that come second and later must have of the shares, in the mean over images. */
const leastDoubt = 0.01;

/** @throws CoppiceError `no-classes` where the model's first output is no vector of scores. */
export async function targetsOf(observation: Observation): Promise<Targets> {
  const { analysis, runtime, calibration, signal, seed } = observation;
  const logits = logitsOf(analysis.model);
  checkClasses(analysis, logits);
  const rows: Float32Array[] = [];
  const labels: number[] = [];
  await streamActivations(
    runtime,
    analysis.model,
    calibration,
    [logits],
    { signal },
    (activations, batch) => {
      const { data, dims } = activations[logits];
      for (let n = 0; n < dims[0]; n++) {
        rows.push((data as Float32Array).slice(n * dims[1], (n + 1) * dims[1]));
      }
      labels.push(...(batch.labels ?? []));
    },
  );
  const classes = rows[0].length;
  const temperature = temperatureFor(rows);
  const shares = rows.map((row) => logShares(row, temperature));
  if (calibration.labelled) {
    const offset = offsetOf(shares, labels);
    return { classes, temperature, of: Int32Array.from(labels, (label) => label + offset) };
  }
  const random = seededRandom(seed);
  const of = Int32Array.from(shares, (row) => drawn(row, random.uniform()));
  return { classes, temperature, of };
}

function checkClasses({ types }: ChannelAnalysis, logits: string): void {
  const shape = types.type(logits)?.shape;
  if (shape?.length === 2 && shape[1] !== 1) return;
  throw new CoppiceError(
    'no-classes',
    'A criterion that looks at gradients differentiates the cross-entropy of classes, but the model’s first output is no vector of scores. Take output-change, which takes any output.',
  );
}

/** The lowest power of two that leaves enough doubt: 1 for all but networks of saturated shares. */
function temperatureFor(rows: readonly Float32Array[]): number {
  const doubtAt = (temperature: number) =>
    rows.reduce((sum, row) => sum + 1 - Math.exp(Math.max(...logShares(row, temperature))), 0);
  let temperature = 1;
  while (temperature < 2 ** 32 && doubtAt(temperature) < leastDoubt * rows.length) temperature *= 2;
  return temperature;
}

/** Logarithms of the softmax. */
function logShares(scores: Float32Array, temperature: number): Float32Array {
  const row = scores.map((each) => each / temperature);
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = Math.log(row.reduce((sum, each) => sum + Math.exp(each - most), 0)) + most;
  return row.map((each) => each - total);
}

/** Class k is output k, or output k + 1 where the model has a background class: what fits better. */
function offsetOf(rows: readonly Float32Array[], labels: readonly number[]): 0 | 1 {
  const classes = rows[0].length;
  const largest = labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= classes) {
    throw new CoppiceError(
      'label-range',
      `The labels reach ${largest}, but the model’s first output has only ${classes} scores.`,
    );
  }
  if (largest + 1 >= classes) return 0;
  const fit = (offset: 0 | 1): number =>
    rows.reduce((sum, row, n) => sum + row[labels[n] + offset], 0);
  return fit(1) > fit(0) ? 1 : 0;
}

/** The class at which the sum of shares passes `point`, 0 … 1. */
function drawn(logShares: Float32Array, point: number): number {
  let sum = 0;
  const at = logShares.findIndex((each) => (sum += Math.exp(each)) > point);
  return at < 0 ? logShares.length - 1 : at;
}
