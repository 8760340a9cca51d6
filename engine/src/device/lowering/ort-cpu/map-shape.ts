/**
 * What the runtime knows of the shape of a value whose sizes are not fixed: which value each size was
 * first seen on, and how often it has been halved since. Two sizes are equal where that agrees.
 */

import { intsAttribute, stringAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import type { RunGraph } from './run-graph';

export class MapShape {
  private readonly dims: readonly { readonly from: string; readonly halved: number }[];

  constructor(value: string, dims?: MapShape['dims']) {
    this.dims = dims ?? Array.from({ length: 4 }, () => ({ from: value, halved: 0 }));
  }

  /** Behind a convolution or a pooling; its own name where the size is not simply kept or halved. */
  through(node: Node, kernel: readonly number[]): MapShape {
    const [output] = node.output;
    const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
    const strides = intsAttribute(node, 'strides') ?? [1, 1];
    const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
    const same = stringAttribute(node, 'auto_pad', 'NOTSET').startsWith('SAME');
    const map = [0, 1].map((i) => {
      const kept = same || pads[i] + pads[i + 2] + 1 === kernel[i];
      if (!kept || dilations[i] !== 1 || strides[i] > 2) return { from: output, halved: 0 };
      const { from, halved } = this.dims[2 + i];
      return { from, halved: halved + strides[i] - 1 };
    });
    return new MapShape(output, [this.dims[0], { from: output, halved: 0 }, ...map]);
  }

  /** True where the sizes of two values are known to agree, here or from the model's types. */
  equals(other: MapShape, mine: string, its: string, { workload }: RunGraph): boolean {
    const shapeOf = (name: string) => workload.ahead.types.type(name, workload.graph)?.shape;
    const [a, b] = [shapeOf(mine), shapeOf(its)];
    return this.dims.every(({ from, halved }, i) => {
      if (from === other.dims[i].from && halved === other.dims[i].halved) return true;
      return a?.[i] !== undefined && a[i] === b?.[i] && /^\w+$/.test(String(a[i]));
    });
  }
}
