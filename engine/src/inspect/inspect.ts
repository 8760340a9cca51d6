/** Everything that a model's structure tells: its layers, what they cost, what of them can be cut. */

import type { Inspection, LayerInfo, ModelTotals, ValueDescription } from '#protocol/inspection';
import { analyzeChannels, type ChannelAnalysis } from '../channels/analyze';
import { intAttribute } from '../ir/attributes';
import { layerName } from '../ir/layer-name';
import { inlineFunctions } from '../ir/inline-functions';
import type { Issue } from '../ir/issue';
import type { Bindings, Dim } from '../ir/dim';
import type { Graph, Model } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { allGraphs } from '../ir/traverse';
import { graphCost, type Resolve } from '../ops/cost';
import { inferTypes, type TypeTable } from '../ops/infer';
import type { ValueType } from '../ops/op';
import { peakActivationBytes } from './activations';
import { Constants, heldConstants } from './constants';
import { distinctConstants, findLayers, type Layer } from './layers';
import { sizedTypes } from './sized-types';

export interface InspectOptions {
  /** Where the model came from; only repeated in the result. */
  readonly path: string;
  /** Sizes for symbols, by name; others count as `assumedSizes` says. */
  readonly bind?: Bindings;
  /** Lists the type of every value of the main graph. */
  readonly values?: boolean;
}

/** Inspects a model. Never reads a weight, and never throws on a bad model. */
export function inspect(given: Model, options: InspectOptions): Inspection {
  const { model } = inlineFunctions(given);
  const { bind = {} } = options;
  const types = inferTypes(model, { bind });
  const { sizes, sized } = sizedTypes(model, bind, types);
  const layers = findLayers(model, sized, sizes.resolve);
  const { analysis, issues } = analysisOf(model, types);
  const infos = layers.map((layer) => describeLayer(layer, types, analysis));
  return {
    model: describeModel(model, types, options.path),
    totals: totalsOf(model, sized, sizes.resolve, layers, infos),
    layers: infos,
    ...(options.values ? { values: describeValues(model.graph, types) } : {}),
    issues: [...types.issues, ...sizes.issues, ...issues],
  };
}

function analysisOf(
  model: Model,
  types: TypeTable,
): { analysis?: ChannelAnalysis; issues: readonly Issue[] } {
  try {
    return { analysis: analyzeChannels(model, types), issues: [] };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const issue: Issue = {
      severity: 'warning',
      code: 'channel-analysis',
      message: `Which channels can be cut is not known: ${cause}`,
    };
    return { issues: [issue] };
  }
}

function describeLayer(
  layer: Layer,
  types: TypeTable,
  analysis: ChannelAnalysis | undefined,
): LayerInfo {
  const { name, node, graph, params, macs, weightBytes, traffic } = layer;
  const shape = types.type(node.output[0] ?? '', graph)?.shape ?? layer.outputShape;
  const groups = analysis ? groupsOf(layer, analysis) : [];
  const cuttable = groups.filter((group) => !group.pinned);
  return {
    name,
    op: node.opType ?? '',
    node: nodeLabel(node),
    outputShape: shape ? [...shape] : null,
    params,
    macs,
    weightBytes,
    bits: weightBits(layer),
    bytesRead: traffic.read,
    bytesWritten: traffic.written,
    latencyMs: null,
    group: groups[0]?.id ?? null,
    channels: channelsOf(layer, shape),
    prunable: cuttable.reduce((sum, group) => sum + group.channels, 0),
    pinned: groups.find((group) => group.pinned)?.reason ?? null,
  };
}

function weightBits({ node, weights }: Layer): number {
  const packed = intAttribute(node, 'bits', 0);
  if (packed > 0) return packed;
  const [largest] = weights
    .filter(({ role }) => role === 'parameter')
    .map(({ constant }) => constant)
    .sort((a, b) => b.elements - a.elements);
  return Math.round((8 * largest.bytes) / Math.max(1, largest.elements));
}

/** The groups that the layer produces, which know it by what its first weight is called. */
function groupsOf({ name, node, weights }: Layer, analysis: ChannelAnalysis) {
  const known = [
    name,
    ...weights.map(({ constant }) => layerName(node, constant.name)),
    nodeLabel(node),
  ];
  return known.map((each) => analysis.groupsOf(each)).find((groups) => groups.length > 0) ?? [];
}

/** Operators whose output channels lie on axis 1; those of products lie on the last. */
const channelsSecond = /Conv|Normalization$|PRelu/;
const channelsLast = /MatMul|Gemm|^Gather|Attention|Layer|RMS/;

function channelsOf({ node }: Layer, shape: readonly Dim[] | undefined): number | null {
  const type = node.opType ?? '';
  const last = channelsLast.test(type);
  if (!shape || shape.length < 2 || !(last || channelsSecond.test(type))) return null;
  const size = last ? shape.at(-1) : shape[1];
  return typeof size === 'number' ? size : null;
}

/**
 * Params are what layers use as weights. Buffers are all other constants that the main graph
 * holds: running statistics, quantization parameters, fixed numbers, integers that spell shapes.
 */
function totalsOf(
  model: Model,
  types: TypeTable,
  resolve: Resolve,
  layers: readonly Layer[],
  infos: readonly LayerInfo[],
): ModelTotals {
  const { graph } = model;
  const params = distinctConstants(layers, 'parameter');
  const used = distinctConstants(layers);
  const held = new Map((graph ? heldConstants(graph) : []).map((each) => [each.key, each]));
  const buffers = [...new Map([...used, ...held]).values()].filter(({ key }) => !params.has(key));
  const everywhere = [...allGraphs(model)].flatMap(heldConstants);
  const stored = new Map([...used, ...everywhere.map((each) => [each.key, each] as const)]);
  const channels = sum(infos, (layer) => (layer.group === null ? 0 : (layer.channels ?? 0)));
  return {
    params: sum([...params.values()], (each) => each.elements),
    buffers: sum(buffers, (each) => each.elements),
    macs: graph ? graphCost(graph, types, resolve).macs : 0,
    weightBytes: sum([...stored.values()], (each) => each.bytes),
    peakActivationBytes: graph ? peakOf(graph, types, resolve) : null,
    latencyMs: null,
    layers: layers.length,
    prunableShare: channels === 0 ? 0 : sum(infos, (layer) => layer.prunable) / channels,
  };
}

function peakOf(graph: Graph, types: TypeTable, resolve: Resolve): number | null {
  const constants = new Constants(graph, types);
  const isConstant = (value: string) => constants.behind(value) !== undefined;
  return peakActivationBytes(graph, types, isConstant, resolve);
}

function describeModel(model: Model, types: TypeTable, path: string): Inspection['model'] {
  const constants = new Set(model.graph?.initializer.map((tensor) => tensor.name));
  const describe = ({ name = '' }: { name?: string }) => ({
    name,
    ...describeType(types.type(name)),
  });
  return {
    path,
    irVersion: Number(model.irVersion ?? 0),
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [domain ?? '', Number(version ?? 0)]),
    ),
    inputs: (model.graph?.input ?? []).filter(({ name }) => !constants.has(name)).map(describe),
    outputs: (model.graph?.output ?? []).map(describe),
  };
}

function describeValues(graph: Graph | undefined, types: TypeTable): Inspection['values'] {
  const names = graph ? [...graph.input, ...graph.initializer].map((each) => each.name ?? '') : [];
  for (const node of graph?.node ?? []) names.push(...node.output.filter(Boolean));
  return Object.fromEntries(names.map((name) => [name, describeType(types.type(name))]));
}

function describeType(type: ValueType | undefined): ValueDescription {
  return { dtype: type?.dtype ?? null, shape: type?.shape ? [...type.shape] : null };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
