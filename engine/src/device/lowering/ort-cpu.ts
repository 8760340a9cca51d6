/** FIRST VERSION, to be replaced: every node a kernel, activations behind convolutions fused. */

import type { Node } from '../../ir/model';
import type { Kernel } from '../kernel';
import { sizeOf } from './kernel-size';
import type { LoweringRules } from './rules';

export const ortCpu: LoweringRules = {
  id: 'ort-cpu',
  doc: 'First version.',
  lower: (workload) => {
    const kernels: { nodes: Node[]; kernel: Kernel }[] = [];
    const makers = new Map<string, Node[]>();
    for (const node of workload.graph.node) {
      if (node.output.every((name) => workload.isConstant(name))) continue;
      const before = makers.get(node.input[0]);
      if (before && ['Relu', 'Clip', 'BatchNormalization'].includes(node.opType ?? '')) {
        before.push(node);
        makers.set(node.output[0], before);
        continue;
      }
      const nodes = [node];
      const size = sizeOf(node, workload);
      kernels.push({
        nodes,
        kernel: { class: classOf(node, size.macs), op: node.opType ?? '', nodes, size },
      });
      if (node.opType === 'Conv') makers.set(node.output[0], nodes);
    }
    return kernels.map(({ kernel }) => kernel);

    function classOf(node: Node, macs: number): string {
      const { window } = sizeOf(node, workload);
      if (window && macs > 0) {
        if (window.groups === window.inChannels && window.groups > 1) return 'depthwise';
        if (window.groups > 1) return 'grouped';
        if (window.kernel.every((each) => each === 1)) return 'conv1x1';
        return window.stride.every((each) => each === 1) &&
          window.kernel.every((each) => each === 3)
          ? 'winograd'
          : 'conv';
      }
      if (macs > 0) return 'fc';
      if (/Pool|Concat|Reshape|Transpose|Slice|Pad|Resize|Split|Flatten/.test(node.opType ?? ''))
        return 'move';
      return /Sigmoid|Softmax|Gelu|Erf|LayerNorm|LRN|Swish/.test(node.opType ?? '')
        ? 'activation'
        : 'elementwise';
    }
  },
};
