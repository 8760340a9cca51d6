/** Normalizations by the mean square, behind a sum, or over neighbouring channels. */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { GraphWriter } from '../gradient';
import type { Composition } from './composition';
import { meanOver, multiply, range } from './support';

/** x / √(mean x² + ε) · scale (Zhang and Sennrich, arXiv 1910.07467). */
const rms: Composition = (node, write) => rmsOf(node, write, [node.input[0], node.input[1]], 1e-5);

function rmsOf(
  node: Node,
  write: GraphWriter,
  [x, scale]: readonly [string, string],
  usual: number,
): string {
  const rank = write.shape(x).length;
  const axis = intAttribute(node, 'axis', -1);
  const axes = range(axis < 0 ? axis + rank : axis, rank);
  const square = meanOver(write, write.emit('Mul', [x, x]), axes);
  const epsilon = write.floats(floatAttribute(node, 'epsilon', usual));
  const deviation = write.emit('Sqrt', [write.emit('Add', [square, epsilon])]);
  return multiply(write, write.emit('Div', [x, deviation]), scale);
}

/** What ONNX Runtime's fused normalizations add to the variance unless told otherwise. */
const fusedEpsilon = 1e-12;

/** The sum of two values and a bias, normalized; the sum itself is the fourth output. */
const skipLayer: Composition = (node, write) => {
  const [x, skip, scale, shift, bias] = node.input;
  const sum = sumOf(write, [x, skip, bias]);
  const epsilon = { f: floatAttribute(node, 'epsilon', fusedEpsilon) };
  const inputs = [sum, scale, shift].filter(Boolean);
  return [
    write.emit('LayerNormalization', inputs, { axis: -1, epsilon }),
    undefined,
    undefined,
    sum,
  ];
};

const skipRms: Composition = (node, write) => {
  const [x, skip, scale, bias] = node.input;
  const sum = sumOf(write, [x, skip, bias]);
  return [rmsOf(node, write, [sum, scale], fusedEpsilon), undefined, undefined, sum];
};

function sumOf(write: GraphWriter, [first, ...rest]: readonly (string | undefined)[]): string {
  return rest.reduce<string>((sum, each) => (each ? write.emit('Add', [sum, each]) : sum), first!);
}

/** x / (bias + alpha / size · Σ x²)^beta, the sum over so many channels around each. */
const local: Composition = (node, write) => {
  const [x] = node.input;
  const channels = write.shape(x)[1];
  const size = intAttribute(node, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const band = Float32Array.from({ length: channels ** 2 }, (_, i) => {
    const offset = (i % channels) - Math.floor(i / channels);
    return offset >= -before && offset < size - before ? 1 : 0;
  });
  const dims = [channels, channels, ...write.shape(x).slice(2).fill(1)];
  const near = write.emit('Conv', [write.emit('Mul', [x, x]), write.floats(band, dims)]);
  const scaled = multiply(write, near, floatAttribute(node, 'alpha', 1e-4) / size);
  const base = write.emit('Add', [scaled, write.floats(floatAttribute(node, 'bias', 1))]);
  const power = write.floats(floatAttribute(node, 'beta', 0.75));
  return write.emit('Div', [x, write.emit('Pow', [base, power])]);
};

export const normalizationCompositions: Readonly<Record<string, Composition>> = {
  LRN: local,
  RMSNormalization: rms,
  SimplifiedLayerNormalization: rms,
  'com.microsoft.SkipLayerNormalization': skipLayer,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipRms,
};
