/** Folds BatchNormalization, and remembers what it said of the channels. */

import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import { inlineFunctions } from '../../ir/inline-functions';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import type { PassContext } from '../pass';
import { simplifyOptions } from '../simplify/options';
import { simplify } from '../simplify/simplify';

/** Of the channels of a value, on the data that BatchNormalization was trained on, or on given data. */
export interface Moments {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Known only of given data. */
  readonly most?: Float64Array;
}

/**
 * The simplified model, and by value the moments that a folded BatchNormalization gave it. What else
 * scales and shifts a value is folded first, into the normalization itself.
 */
export async function foldNormalization(
  given: Model,
  context: PassContext,
): Promise<{ model: Model; normalized: ReadonlyMap<string, Moments> }> {
  const inlined = inlineFunctions(given).model;
  if (simplify.refuse(inlined)) return { model: inlined, normalized: new Map() };
  const apart = await simplify.run(
    inlined,
    simplifyOptions.parse({ keep_batchnorm: true }),
    context,
  );
  const { model } = await simplify.run(apart.model, simplifyOptions.parse({}), context);
  const before = indexGraph(apart.model.graph!);
  const after = indexGraph(model.graph!);
  const normalized = new Map<string, Moments>();
  for (const { opType, input, attribute } of apart.model.graph!.node) {
    if (opType !== 'BatchNormalization' || !isFolded(input[0], before, after)) continue;
    const [scale, mean, spread] = [1, 2, 4].map((at) => before.initializer(input[at]));
    if (!scale || !mean || !spread) continue;
    // A statistic too small for its ε leaves a smaller deviation than γ.
    const epsilon = attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
    const variances = floats(spread);
    normalized.set(input[0], {
      mean: Float64Array.from(floats(mean)),
      deviation: Float64Array.from(
        floats(scale),
        (each, c) => Math.abs(each) * Math.sqrt(variances[c] / (variances[c] + epsilon)),
      ),
    });
  }
  return { model, normalized };
}

/** Whether the layer that makes a value has taken over the normalization that alone read it. */
function isFolded(value: string, before: GraphIndex, after: GraphIndex): boolean {
  if (before.uses(value).length !== 1) return false;
  const weights = [before, after].map((index) => {
    const maker = index.producer(value)?.node;
    return maker && index.initializer(maker.input[1] ?? '');
  });
  return weights.every(Boolean) && weights[0]!.rawData !== weights[1]!.rawData;
}
