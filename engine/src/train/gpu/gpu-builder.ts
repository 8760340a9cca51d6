/** Writes a graph portably, but for what the kernels of a graphics processor cannot do at once. */

import { intAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { numbers } from '../../ir/tensor';
import { GraphBuilder } from '../graph-builder';

/** Buffers that a kernel may read and write together: as many as WebGPU promises everywhere. */
const mostBuffers = 8;

export class GpuBuilder extends GraphBuilder {
  protected override append(node: Node): void {
    const sizes = node.opType === 'Split' ? this.constant(node.input[1] ?? '') : undefined;
    if (sizes && node.output.length >= mostBuffers) this.cut(node, numbers(sizes));
    else super.append(node);
  }

  /** A Split writes all of its outputs at once, slices each their own. */
  private cut(node: Node, sizes: readonly number[]): void {
    const axis = this.integers([intAttribute(node, 'axis', 0)]);
    let start = 0;
    for (const [i, size] of sizes.entries()) {
      const bounds = [start, start + size].map((bound) => this.integers([bound]));
      const input = [node.input[0], ...bounds, axis];
      const output = [node.output[i]];
      super.append({ opType: 'Slice', input, output, attribute: [], metadataProps: [] });
      start += size;
    }
  }
}
