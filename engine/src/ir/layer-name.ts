/** What a layer is called: what its weights are called, without the word that says which weight. */

import type { Node } from './model';
import { nodeLabel } from './naming';

/** The word that tells one weight of a layer from another, in the exporters' dialects. */
const words = [
  ...['weights?', 'bias(es)?', 'kernel', 'gamma', 'beta', 'scale', 'alpha', 'embeddings?'],
  ...['moving_mean', 'moving_variance', 'running_mean', 'running_var', 'slope'],
  ...['(depthwise|pointwise|recurrent)_kernel', 'in_proj_(weight|bias)'],
  ...['(weight|bias)_(ih|hh)(_l\\d+)?(_reverse)?', '[wWbBR]', '[wb]_\\d+'],
].join('|');

/** Marks that tools append: quantized, transposed, TensorFlow's output index. */
const marks = '((_?(quantized|q|transposed|fp16|int8))|/read|:0)*';

const spelled = new RegExp(`[./_:](${words})${marks}$`);
/** Caffe2 numbers its blobs: `conv1_w_0`, `conv1/bn_scale_0`. */
const numbered = /_(w|b|s|rm|riv|scale|bias|mean|var)_\d+$/;
const machineMade = /^(\d+|onnx::.*|.*::[A-Z]\w*_\d+)$/;

/** `layer1.0.conv1` for `layer1.0.conv1.weight`; undefined where the name says no layer. */
export function layerOfWeight(weight: string): string | undefined {
  const match = spelled.exec(weight) ?? numbered.exec(weight);
  const name = match ? weight.slice(0, match.index) : '';
  return name && !machineMade.test(name) ? name : undefined;
}

/** The name that the weight carries; the node's own label where it carries none. */
export function layerName(node: Node, weight: string | undefined): string {
  return (weight && layerOfWeight(weight)) || nodeLabel(node);
}
