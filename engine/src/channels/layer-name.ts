/** Names of layers: what their weights are called, without the word that says which weight it is. */

import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';

const suffix = /[._/](weight|weights|kernel|W|w|bias|gamma|beta|scale|w_0|b_0)(_?quantized)?(:0)?$/;

/** `layer1.0.conv1` for a weight `layer1.0.conv1.weight`; the node's own label for any other. */
export function layerName(node: Node, weight: string | undefined): string {
  const found = weight?.match(suffix);
  return found?.index ? weight!.slice(0, found.index) : nodeLabel(node);
}
