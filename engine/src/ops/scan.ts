/** Scan: a body run once for each slice of its scan inputs, with states carried along. */

import { graphAttribute, intAttribute, intsAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { scanning } from './channel-rules/control-flow';
import type { Op, ValueType } from './op';
import { axisOf } from './rules';

/**
 * Since opset 9: inputs are the states, then the scan inputs; outputs likewise. (The version of
 * opset 8, with a batch axis and sequence lengths, is left unknown.) The shapes of states must not
 * change from one iteration to the next, so one run of the body tells all.
 */
export const scan: Op = {
  type: 'Scan',
  shape: ({ node, opset, inputs, subgraph, fresh }) => {
    const body = graphAttribute(node, 'body');
    if (!body || opset < 9) return [];
    const states = stateCount(node);
    const slices = inputs.slice(states).map((type, i) => sliceOf(type, inputAxis(node, i)));
    const results = subgraph(body, [...inputs.slice(0, states).map(dropContent), ...slices]);
    const trips = tripDims(node, inputs)[0] ?? fresh('trips');
    return results.map((type, i) => {
      if (i < states) return type && dropContent(type);
      return (
        type && { dtype: type.dtype, shape: stack(type.shape, outputAxis(node, i - states), trips) }
      );
    });
  },
  cost: ({ node, inputs, subgraph }) => {
    const body = graphAttribute(node, 'body');
    if (!body || !subgraph) return { macs: 0 };
    const shapes = inputs.map((shape) => ({ shape }));
    const trips = Number(tripDims(node, shapes)[0] ?? 1);
    const once = subgraph(body);
    return { macs: trips * once.macs, elementwise: trips * (once.elementwise ?? 0) };
  },
  channels: scanning,
};

function stateCount(node: Node): number {
  return node.input.length - intAttribute(node, 'num_scan_inputs', 0);
}

function inputAxis(node: Node, scanInput: number): number {
  return intsAttribute(node, 'scan_input_axes')?.[scanInput] ?? 0;
}

function outputAxis(node: Node, scanOutput: number): number {
  return intsAttribute(node, 'scan_output_axes')?.[scanOutput] ?? 0;
}

/** The sizes of the scan inputs along their axes, numbers first. */
function tripDims(node: Node, inputs: readonly (ValueType | undefined)[]): Dim[] {
  const dims = inputs.slice(stateCount(node)).flatMap((type, i) => {
    const axis = type?.shape && axisOf(inputAxis(node, i), type.shape.length);
    return axis === undefined ? [] : [type!.shape![axis]];
  });
  return [...dims.filter((dim) => typeof dim === 'number'), ...dims];
}

function sliceOf(type: ValueType | undefined, axis: number): ValueType | undefined {
  const at = type?.shape && axisOf(axis, type.shape.length);
  return (
    type && {
      dtype: type.dtype,
      shape: at === undefined ? undefined : type.shape!.toSpliced(at, 1),
    }
  );
}

function stack(shape: readonly Dim[] | undefined, axis: number, trips: Dim): Dim[] | undefined {
  const at = shape && axisOf(axis, shape.length + 1);
  return at === undefined ? undefined : shape!.toSpliced(at, 0, trips);
}

function dropContent(type: ValueType | undefined): ValueType | undefined {
  return type && { ...type, content: undefined };
}
