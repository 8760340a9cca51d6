/** Typed access to the attributes of a node. Getters return the default when the name is absent. */

import {
  AttributeType,
  type Attribute,
  type Graph,
  type Int,
  type Node,
  type Tensor,
} from './model';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function attribute(node: Node, name: string): Attribute | undefined {
  return node.attribute.find((each) => each.name === name);
}

export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, otherwise: number): number;
export function intAttribute(node: Node, name: string, otherwise?: number): number | undefined {
  const value = attribute(node, name)?.i;
  return value === undefined ? otherwise : Number(value);
}

export function floatAttribute(node: Node, name: string): number | undefined;
export function floatAttribute(node: Node, name: string, otherwise: number): number;
export function floatAttribute(node: Node, name: string, otherwise?: number): number | undefined {
  return attribute(node, name)?.f ?? otherwise;
}

export function stringAttribute(node: Node, name: string): string | undefined;
export function stringAttribute(node: Node, name: string, otherwise: string): string;
export function stringAttribute(node: Node, name: string, otherwise?: string): string | undefined {
  const value = attribute(node, name)?.s;
  return value === undefined ? otherwise : decoder.decode(value);
}

/** The integers of a list attribute; `undefined` when the attribute is absent. */
export function intsAttribute(node: Node, name: string): number[] | undefined {
  return attribute(node, name)?.ints.map(Number);
}

export function floatsAttribute(node: Node, name: string): number[] | undefined {
  const found = attribute(node, name);
  return found && Array.from(found.floats);
}

export function stringsAttribute(node: Node, name: string): string[] | undefined {
  return attribute(node, name)?.strings.map((bytes) => decoder.decode(bytes));
}

export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  return attribute(node, name)?.t;
}

export function graphAttribute(node: Node, name: string): Graph | undefined {
  return attribute(node, name)?.g;
}

/** An attribute with no value yet: every repeated field empty. */
function emptyAttribute(name: string, type: number): Attribute {
  return {
    name,
    type,
    floats: [],
    ints: [],
    strings: [],
    tensors: [],
    graphs: [],
    sparseTensors: [],
    typeProtos: [],
  };
}

/** What an attribute can be made from in code; a number is an int, floats are spelled `{ f }`. */
export type AttributeValue =
  | number
  | bigint
  | string
  | Int[]
  | string[]
  | Tensor
  | Graph
  | { f: number }
  | { floats: number[] };

export function makeAttribute(name: string, value: AttributeValue): Attribute {
  const type = AttributeType;
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { ...emptyAttribute(name, type.int), i: value };
  }
  if (typeof value === 'string') {
    return { ...emptyAttribute(name, type.string), s: encoder.encode(value) };
  }
  if (Array.isArray(value)) {
    return typeof value[0] === 'string'
      ? {
          ...emptyAttribute(name, type.strings),
          strings: (value as string[]).map((s) => encoder.encode(s)),
        }
      : { ...emptyAttribute(name, type.ints), ints: value as Int[] };
  }
  if ('f' in value) return { ...emptyAttribute(name, type.float), f: value.f };
  if ('floats' in value) return { ...emptyAttribute(name, type.floats), floats: value.floats };
  if ('node' in value) return { ...emptyAttribute(name, type.graph), g: value };
  return { ...emptyAttribute(name, type.tensor), t: value };
}

/** Sets or replaces an attribute of `node` in place, keeping its position. */
export function setAttribute(node: Node, name: string, value: AttributeValue): void {
  const made = makeAttribute(name, value);
  const at = node.attribute.findIndex((each) => each.name === name);
  if (at < 0) node.attribute.push(made);
  else node.attribute[at] = made;
}
