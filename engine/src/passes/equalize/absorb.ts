/**
 * High-bias absorption (Nagel et al. 2019, section 4.1.3): where a channel hardly ever falls below
 *
 *   c = max(0, mean − 3 · deviation),
 *
 * max(x, 0) = max(x − c, 0) + c, so that c leaves the bias of the layer that gives it, W c joins the
 * bias of those that read it, and the activation between has a smaller range.
 */

import { floatAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { floats } from '../../ir/tensor';
import type { Link, Reader } from '../rescale/links';
import type { RescaledLayer } from '../rescale/layers';
import type { Rescaler } from '../rescale/rescaler';
import { forEachInput } from '../sparsify/matrix';
import type { Moments } from './prepare';

/** Why nothing can be absorbed across a link; undefined where it can. */
export function absorptionObstacle(source: RescaledLayer, link: Link): string | undefined {
  if (!takesBias(source)) return `${source.name} has no bias that can change`;
  if (link.constants.length > 0) return 'a constant is added between';
  const pool = link.between.find((node) => node.opType === 'AveragePool' && isPadded(node));
  if (pool) return 'a pool between averages over padding';
  for (const { layer } of link.readers) {
    if (!takesBias(layer)) return `${layer.name} has no bias that can change`;
    const isConvolution = layer.node.opType === 'Conv';
    if ((isConvolution && isPadded(layer.node)) || layer.node.opType === 'ConvTranspose') {
      return `${layer.name} pads with zeros, which would have to be other values`;
    }
  }
  return undefined;
}

function takesBias({ node, bias }: RescaledLayer): boolean {
  return node.opType !== 'MatMul' && bias !== 'computed';
}

function isPadded(node: Node): boolean {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = intsAttribute(node, 'pads') ?? [];
  return auto === 'NOTSET' ? pads.some((width) => width !== 0) : auto !== 'VALID';
}

/** What can go of each channel, before it is scaled. */
export function absorbable({ mean, deviation }: Moments): Float64Array {
  return mean.map((each, c) => Math.max(0, each - 3 * deviation[c]));
}

/** Moves what is given of each channel's bias, after all layers have been scaled. */
export function absorb(
  rescaler: Rescaler,
  source: RescaledLayer,
  readers: readonly Reader[],
  amount: Float64Array,
): void {
  rescaler.shiftBias(
    source,
    amount.map((each) => -each),
  );
  for (const { layer, features } of readers) {
    const values = floats(rescaler.constant(layer.node, 1)!);
    const alpha = layer.node.opType === 'Gemm' ? floatAttribute(layer.node, 'alpha', 1) : 1;
    const gained = new Float64Array(layer.matrix.outputs);
    for (let o = 0; o < gained.length; o++) {
      forEachInput(layer.matrix, o, (at, channel) => {
        gained[o] += alpha * values[at] * amount[Math.floor(channel / features)];
      });
    }
    rescaler.shiftBias(layer, gained);
  }
}
