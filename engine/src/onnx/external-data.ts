/**
 * Tensors whose bytes lie in another file. A model may come from anybody, so only a regular file
 * inside the model's own folder is accepted, and only ranges that it really holds
 * (onnx/docs/ExternalDataSecurity.md names the attacks).
 */

import { realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { CoppiceError, type Issue } from '../ir/issue';
import type { Graph, Model, Node, Tensor } from '../ir/model';
import { tensorBytes } from '../ir/tensor';
import { FileSource } from './byte-source';
import { SourcePayload } from './payloads';

/** Sets `external` of every tensor with external data that may be used; says why for the others. */
export function attachExternalData(model: Model, folder: string): Issue[] {
  const issues: Issue[] = [];
  const files = new Map<string, FileSource | string>();
  for (const tensor of allTensors(model)) {
    if (tensor.dataLocation !== 1) continue;
    const problem = attach(tensor, folder, files);
    if (problem) issues.push(externalIssue(tensor, problem));
  }
  return issues;
}

/** Every tensor of a model: initializers, attributes, sparse ones, also in subgraphs and functions. */
export function* allTensors(model: Model): Generator<Tensor> {
  if (model.graph) yield* graphTensors(model.graph);
  for (const each of model.functions) {
    for (const attribute of each.attributeProto) yield* attributeTensors(attribute);
    for (const node of each.node) yield* nodeTensors(node);
  }
}

function* graphTensors(graph: Graph): Generator<Tensor> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) {
    if (sparse.values) yield sparse.values;
    if (sparse.indices) yield sparse.indices;
  }
  for (const node of graph.node) yield* nodeTensors(node);
}

function* nodeTensors(node: Node): Generator<Tensor> {
  for (const attribute of node.attribute) yield* attributeTensors(attribute);
}

function* attributeTensors(attribute: Node['attribute'][number]): Generator<Tensor> {
  if (attribute.t) yield attribute.t;
  yield* attribute.tensors;
  const sparse = attribute.sparseTensor
    ? [attribute.sparseTensor, ...attribute.sparseTensors]
    : attribute.sparseTensors;
  for (const { values, indices } of sparse) {
    if (values) yield values;
    if (indices) yield indices;
  }
  if (attribute.g) yield* graphTensors(attribute.g);
  for (const graph of attribute.graphs) yield* graphTensors(graph);
}

/** Returns what is wrong, in the words of a sentence about the tensor. */
function attach(
  tensor: Tensor,
  folder: string,
  files: Map<string, FileSource | string>,
): string | undefined {
  const entry = (key: string) => tensor.externalData.find((each) => each.key === key)?.value;
  const location = entry('location') ?? '';
  let file = files.get(location);
  if (file === undefined) files.set(location, (file = openExternal(location, folder)));
  if (typeof file === 'string') return file;
  const offset = range(entry('offset') ?? '0');
  const length = range(entry('length'));
  if (offset === undefined) return `has the offset "${entry('offset')}", which is no byte position`;
  if (entry('length') !== undefined && length === undefined) {
    return `has the length "${entry('length')}", which is no number of bytes`;
  }
  const wanted = length ?? (tensorBytes(tensor) || file.byteLength - offset);
  if (offset + wanted > file.byteLength) {
    return `lies at bytes ${offset} to ${offset + wanted} of "${location}", which has only ${file.byteLength}`;
  }
  tensor.external = new SourcePayload(file, offset, wanted);
  return undefined;
}

function range(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The file at a location, or why it is refused. */
function openExternal(location: string, folder: string): FileSource | string {
  const refusal = refusedLocation(location);
  if (refusal) return refusal;
  const path = join(folder, location);
  try {
    const real = realpathSync(path);
    const root = realpathSync(folder);
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return `names "${location}", a link that leads outside the model's folder`;
    }
    const file = new FileSource(real);
    if (file.links > 1) {
      return `names "${location}", which is hard-linked and may lie outside the model's folder; copy the file`;
    }
    return file;
  } catch (problem) {
    if (problem instanceof CoppiceError) return `names "${location}": ${problem.message}`;
    return `names "${location}", which does not exist beside the model`;
  }
}

function refusedLocation(location: string): string | undefined {
  const shown = JSON.stringify(location.slice(0, 200));
  if (location === '') return 'names no location';
  if (location.includes('\0')) return `names ${shown}, which holds a NUL byte`;
  if (location.includes('\\')) return `names ${shown}, which holds a backslash`;
  if (/^[A-Za-z]:/.test(location)) return `names ${shown}, which starts with a drive letter`;
  if (location.startsWith('/')) return `names ${shown}, which is an absolute path`;
  if (location.split('/').includes('..'))
    return `names ${shown}, which leaves the folder with ".."`;
  return undefined;
}

function externalIssue(tensor: Tensor, problem: string): Issue {
  return {
    severity: 'error',
    code: 'external-data',
    message: `The external data of tensor "${tensor.name ?? ''}" ${problem}.`,
    value: tensor.name,
  };
}
