/** Unstructured and N:M pruning: single weights become zero, and the graph stays as it is. */

import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { Pass, PassContext, PassResult } from '../pass';
import { withConstants } from './apply';
import { importances } from './importance/index';
import type { Importance } from './importance/importance';
import { inputNorms } from './input-norms';
import { sparsifyOptions, type SparsifyOptions } from './options';
import { parseBlock } from './patterns';
import { planZeros } from './plan';
import { recover } from './recover';
import { findWeights, type Weight } from './weights';

export const sparsify: Pass<SparsifyOptions> = {
  id: 'sparsify',
  title: 'Unstructured and N:M pruning',
  doc: 'Sets single weights to zero, the least important first, anywhere or in an N:M pattern. The file compresses better; it does not get smaller by itself, and this runtime computes with zeros as fast as with other numbers. With calibration data the weights that are left are fitted again by least squares, without training.',
  options: sparsifyOptions,
  gainsInCompressedSize: true,
  refuse,
  run,
};

function refuse(model: Model): string | undefined {
  const { weights, left } = findWeights(model);
  if (weights.length > 0) return undefined;
  if (left.length === 0) return 'It has no layer whose weights are stored as a matrix.';
  return `None of its weights can become zero: ${left[0].name}: ${left[0].reason}.`;
}

async function run(
  model: Model,
  options: SparsifyOptions,
  context: PassContext,
): Promise<PassResult> {
  const { signal } = context;
  signal.throwIfAborted();
  const seeded = { ...context, seed: options.seed ?? context.seed };
  const importance = importances.find(({ id }) => id === options.criterion)!;
  const found = findWeights(model);
  const norms = await normsFor(model, found.weights, importance, options, seeded);
  context.progress({ message: `ranking weights by ${importance.id}` });
  const { masks, notes, issues } = planZeros(found, importance, norms, options);
  signal.throwIfAborted();
  const tensors = new Map([...masks].map(([each, mask]) => [each.name, each.withZeros(mask)]));
  const sparse = withConstants(model, tensors);
  const changed = notes.some(({ before, after }) => after < before);
  const recovered = changed
    ? await recover(model, sparse, masks, options, seeded)
    : { model: sparse, issues: [] };
  return {
    model: recovered.model,
    changed,
    notes,
    issues: [
      ...issues,
      ...(changed ? [] : [nothingChanged()]),
      ...recovered.issues,
      noSpeed(options),
    ],
  };
}

async function normsFor(
  model: Model,
  weights: readonly Weight[],
  importance: Importance,
  options: SparsifyOptions,
  context: PassContext,
): Promise<ReadonlyMap<Weight, Float64Array>> {
  if (!importance.needsInputs) return new Map();
  const { runtime, calibration, signal, seed, progress } = context;
  if (!runtime || !calibration) {
    throw new CoppiceError(
      'no-calibration',
      `The criterion ${importance.id} looks at what layers read: give calibration data, or use magnitude.`,
    );
  }
  const samples = Math.min(options.scored_samples, calibration.samples);
  return inputNorms(model, weights, {
    runtime,
    calibration: calibration.sample(samples, seed),
    signal,
    progress: (fraction) =>
      progress({ message: 'measuring what layers read', fraction: fraction / 2 }),
  });
}

function nothingChanged(): Issue {
  return {
    severity: 'warning',
    code: 'nothing-zeroed',
    message:
      'No weight became zero that was not zero before; the notes say for each layer how many it has, or why it was left.',
  };
}

/** What the reader must know: zeros alone make nothing faster here. */
function noSpeed({ pattern }: SparsifyOptions): Issue {
  const hardware = parseBlock(pattern)
    ? `${pattern} patterns are faster only on hardware that has them (2:4: NVIDIA GPUs since Ampere, through TensorRT or cuSPARSELt)`
    : 'unstructured zeros are skipped only by special runtimes';
  return {
    severity: 'information',
    code: 'zeros-not-faster',
    message: `ONNX Runtime computes with zeros as fast as with other numbers, so this model gains size after compression but no speed: ${hardware}. To make it faster, prune channels or decompose.`,
  };
}
