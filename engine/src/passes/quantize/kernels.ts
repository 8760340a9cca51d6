/** Which nodes a runtime computes in one kernel: nothing is quantized between them. */

import type { GraphIndex } from '../../ir/graph-index';
import type { Node } from '../../ir/model';
import { elementCount } from '../../ir/tensor';
import type { Profile } from './profiles/profile';

export interface Kernel {
  /** The value it gives. */
  readonly output: string;
  /** What it reads beside the inputs of its first node: the other branch of a sum. */
  readonly branch?: string;
}

export class Kernels {
  /** Sums that belong to a layer already. */
  private readonly taken = new Set<Node>();

  constructor(
    private readonly index: GraphIndex,
    private readonly profile: Profile,
  ) {}

  /** A product with its bias, the sum behind it and the activation, as far as the runtime fuses them. */
  ofLayer(node: Node): Kernel {
    const product = this.behindBias(node.output[0]);
    const sum = this.profile.fusesAdd ? this.soleReader(product) : undefined;
    if (!sum || !this.isSum(sum) || this.taken.has(sum)) {
      return { output: this.behindActivation(product) };
    }
    this.taken.add(sum);
    const branch = sum.input.find((name) => name !== product);
    return { output: this.behindActivation(sum.output[0]), branch };
  }

  /** A node and the activation behind it. */
  ofNode(node: Node): Kernel {
    return { output: this.behindActivation(node.output[0]) };
  }

  /** MatMul has no bias of its own; what is added to each column is one, and stays a float. */
  private behindBias(value: string): string {
    const { node } = this.index.producer(value)!;
    const add = node.opType === 'MatMul' ? this.soleReader(value) : undefined;
    if (add?.opType !== 'Add') return value;
    const bias = add.input
      .map((name) => this.index.initializer(name))
      .find((tensor) => tensor !== undefined);
    const isVector = bias && Number(bias.dims.at(-1) ?? 1) === elementCount(bias);
    return isVector ? add.output[0] : value;
  }

  private behindActivation(value: string): string {
    const reader = this.soleReader(value);
    const isFused =
      reader && this.profile.fusedActivations.includes(reader.opType!) && reader.input[0] === value;
    return isFused ? reader.output[0] : value;
  }

  private isSum({ opType, input }: Node): boolean {
    return opType === 'Add' && !input.some((name) => this.index.initializer(name));
  }

  private soleReader(value: string): Node | undefined {
    const uses = this.index.uses(value);
    if (uses.length !== 1 || this.index.isOutput(value)) return undefined;
    return this.index.capturedBy(value).length > 0 ? undefined : uses[0].node;
  }
}
