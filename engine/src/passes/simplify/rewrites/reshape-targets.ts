/** Reshapes whose target is computed, although one symbol is all that is not known of it. */

import { intAttribute } from '../../../ir/attributes';
import { atEachNode, type Rewrite } from '../rewrite';
import { reshapeTarget } from '../shapes';

export const reshapeTargets: Rewrite = {
  id: 'reshape-targets',
  title: 'Computed reshape targets',
  doc: 'Spells the target of a Reshape as a constant where 0 (the size stays) and -1 (what is left) say it at every size.',
  apply: atEachNode((node, graph) => {
    if (graph.op(node) !== 'Reshape' || graph.model.opset < 5) return false;
    const [input, target] = node.input;
    if (graph.constant(target) || intAttribute(node, 'allowzero', 0) !== 0) return false;
    const dims = reshapeTarget(graph.shape(input), graph.shape(node.output[0]));
    if (!dims) return false;
    graph.setInput(node, 1, graph.addConstant(`${target}_target`, 'int64', [dims.length], dims));
    return true;
  }),
};
