/** The bias of a layer whose new kernel takes none: it is added behind the product. */

import { floatAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { floats } from '../../../ir/tensor';
import type { QuantizedLayer } from '../blueprint';
import type { QuantizedGraph } from './quantized-graph';

/** The name of what is to be added, the factor `beta` of Gemm included; undefined without a bias. */
export function biasBehind(
  graph: QuantizedGraph,
  node: Node,
  { site, bias }: QuantizedLayer,
): string | undefined {
  const given = node.opType === 'Gemm' ? node.input[2] : undefined;
  const name = site.bias?.name ?? `${site.name}.bias`;
  if (bias) return graph.constant(`${name}_corrected`, 'float', [bias.length], bias);
  if (!given) return undefined;
  const beta = floatAttribute(node, 'beta', 1);
  if (beta === 1) return given;
  if (!site.bias)
    return graph.node(
      'Mul',
      [given, graph.constant(`${name}_factor`, 'float', [], [beta])],
      `${name}_scaled`,
    );
  const scaled = floats(site.bias).map((each) => each * beta);
  return graph.constant(`${name}_scaled`, 'float', site.bias.dims.map(Number), scaled);
}
