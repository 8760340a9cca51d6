/** The sizes of the kernel that computes a node by itself. */

import { intAttribute, intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { KernelSize, Window } from '../kernel';
import type { Workload } from '../workload';

export function sizeOf(node: Node, workload: Workload): KernelSize {
  const sum = (names: readonly string[]) =>
    [...new Set(names)].reduce((total, name) => total + workload.elements(name), 0);
  const [weights, inputs] = [true, false].map((constant) =>
    node.input.filter((name) => name && workload.isConstant(name) === constant),
  );
  return {
    macs: workload.macs(node),
    inputs: sum(inputs),
    outputs: sum(node.output.filter(Boolean)),
    weights: sum(weights),
    window: windowOf(node, workload),
  };
}

/** Undefined for what slides no window, or where its sizes are not known. */
function windowOf(node: Node, workload: Workload): Window | undefined {
  const input = workload.shape(node.input[0]);
  const output = workload.shape(node.output[0]);
  if (!/Conv|Pool/.test(node.opType ?? '') || !input || !output || output.length < 3) {
    return undefined;
  }
  const map = output.slice(2);
  const weight = /Conv/.test(node.opType!) ? workload.shape(node.input[1])?.slice(2) : undefined;
  const kernel = intsAttribute(node, 'kernel_shape') ?? weight ?? input.slice(2);
  return {
    inChannels: input[1],
    outChannels: output[1],
    groups: intAttribute(node, 'group', 1),
    kernel,
    stride: intsAttribute(node, 'strides') ?? map.map(() => 1),
    map,
  };
}
