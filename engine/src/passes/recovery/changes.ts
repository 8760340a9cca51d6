/**
 * Where a changed model departs from its original: nodes are compared by the values they make,
 * constants by their content. Nothing has to be said about what the change was: cutting, factoring
 * and rounding weights all show as constants and nodes that differ.
 */

import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Attribute, Graph, Node, Payload, Tensor } from '../../ir/model';
import { elements } from '../../ir/tensor';
import { topologicalOrder } from '../../ir/traverse';
import { constantOf } from './constants';

export interface Changes {
  /** Whether a value is computed from anything that changed; true for values the original lacks. */
  touches(value: string): boolean;
  /** Whether a node of the changed model computes something else from the same inputs. */
  rewrites(node: Node): boolean;
}

/** Values of both graphs that have the same name are taken for the same value. */
export function changesBetween(original: Graph, changed: Graph): Changes {
  const before = indexGraph(original);
  const after = indexGraph(changed);
  const touched = new Set<string>();
  const rewritten = new Set<Node>();
  for (const node of topologicalOrder(changed).order) {
    const twin = before.producer(node.output[0])?.node;
    const difference = twin ? compare(twin, before, node, after) : 'other';
    if (difference === 'other') rewritten.add(node);
    if (difference === 'none' && !node.input.some((name) => touched.has(name))) continue;
    node.output.forEach((name) => touched.add(name));
  }
  return { touches: (value) => touched.has(value), rewrites: (node) => rewritten.has(node) };
}

/** `size`: the node does the same with a constant that lost or gained some indices. */
type Difference = 'none' | 'size' | 'other';

function compare(twin: Node, before: GraphIndex, node: Node, after: GraphIndex): Difference {
  if (twin === node) return 'none';
  if (twin.opType !== node.opType || (twin.domain ?? '') !== (node.domain ?? '')) return 'other';
  if (twin.input.length !== node.input.length) return 'other';
  let difference: Difference = 'none';
  for (const [at, name] of node.input.entries()) {
    const constant = constantOf(after, name);
    const source = constantOf(before, twin.input[at]);
    if (!constant && !source && name === twin.input[at]) continue;
    if (!constant || !source) return 'other';
    if (constant.dims.join() !== source.dims.join()) difference = 'size';
    else if (!sameTensor(constant, source)) return 'other';
  }
  if (difference === 'none' && !sameAttributes(twin, node)) return 'other';
  return difference;
}

function sameTensor(a: Tensor, b: Tensor): boolean {
  if (a === b || (a.dataType === b.dataType && a.rawData && a.rawData === b.rawData)) return true;
  if (a.dims.join() !== b.dims.join() || a.dataType !== b.dataType) return false;
  if (a.stringData.length > 0 || b.stringData.length > 0) return false;
  const [left, right] = [elements(a), elements(b)];
  return left.every((value: number | bigint, i: number) => value === right[i]);
}

function sameAttributes(a: Node, b: Node): boolean {
  return (
    a.attribute.length === b.attribute.length &&
    a.attribute.every((each) => {
      const other = b.attribute.find(({ name }) => name === each.name);
      return other && (each === other || sameAttribute(each, other));
    })
  );
}

function sameAttribute(a: Attribute, b: Attribute): boolean {
  if (a.t && b.t) return sameTensor(a.t, b.t);
  const [left, right] = [spell(a), spell(b)];
  return left.text === right.text && left.payloads.every((each, i) => each === right.payloads[i]);
}

/** What an attribute says, with the bytes of weights (those in subgraphs) beside it. */
function spell(attribute: Attribute): { text: string; payloads: Payload[] } {
  const payloads: Payload[] = [];
  const text = JSON.stringify(attribute, (key, value: unknown) => {
    if (key === 'origin') return undefined;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'object' || value === null || !('read' in value)) return value;
    payloads.push(value as Payload);
    return 'payload';
  });
  return { text, payloads };
}
