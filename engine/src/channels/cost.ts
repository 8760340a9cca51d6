/**
 * What a model costs when channel groups lose some of their units, without cutting it. An
 * operator's own cost rule, given the shorter shapes, says exactly what inference on the cut model
 * would say.
 */

import { heldConstants } from '../inspect/constants';
import { distinctConstants, findLayers } from '../inspect/layers';
import { assumedSizes } from '../inspect/sizes';
import type { Graph } from '../ir/model';
import { allGraphs } from '../ir/traverse';
import { graphCost, type Resolve } from '../ops/cost';
import { findOp } from '../ops/index';
import type { Labels } from '../ops/channel-rule';
import type { ValueType } from '../ops/op';
import type { ChannelAnalysis } from './analyze';
import { attributesAfter, groupsOf, Sizes, type Extents } from './sizes-after';
import type { Site } from './sites';

export interface ChannelCost {
  readonly macs: number;
  readonly params: number;
  /** Of all stored constants; only integers that spell sizes, which cuts add or drop, are not foreseen. */
  readonly bytes: number;
}

/** The cost at some state of removal, kept up to date while the state changes. */
export interface ChannelCosts extends ChannelCost {
  /** How many units of a group, by position in `analysis.groups`, are removed. */
  removed(group: number): number;
  /** Sets that number; only the layers that the group touches are counted anew. */
  remove(group: number, units: number): void;
  /** What one more unit of the group would save now. */
  saving(group: number): ChannelCost;
  /** The cost with so many units removed from each group (by id), whatever the present state. */
  after(removed: ReadonlyMap<string, number>): ChannelCost;
}

/** Symbols count as `resolve` says, by default as they do in `coppice inspect`. */
export function channelCosts(
  analysis: ChannelAnalysis,
  resolve: Resolve = assumedSizes(analysis.model).resolve,
): ChannelCosts {
  return new Costs(analysis, resolve);
}

/** Something whose cost depends on some groups. */
interface Term {
  readonly kind: keyof ChannelCost;
  readonly groups: readonly number[];
  count(removed: Int32Array): number;
}

class Costs implements ChannelCosts {
  macs = 0;
  params = 0;
  bytes = 0;
  private readonly state: Int32Array;
  private readonly values: Float64Array;
  private readonly terms: readonly Term[];
  private readonly termsOf: readonly number[][];

  constructor(
    private readonly analysis: ChannelAnalysis,
    resolve: Resolve,
  ) {
    this.state = new Int32Array(analysis.groups.length);
    this.terms = new Terms(analysis, resolve).all();
    this.values = Float64Array.from(this.terms, (term) => term.count(this.state));
    this.terms.forEach(({ kind }, i) => (this[kind] += this.values[i]));
    const termsOf: number[][] = analysis.groups.map(() => []);
    this.terms.forEach(({ groups }, i) => groups.forEach((group) => termsOf[group].push(i)));
    this.termsOf = termsOf;
  }

  removed(group: number): number {
    return this.state[group];
  }

  remove(group: number, units: number): void {
    this.state[group] = units;
    for (const i of this.termsOf[group]) {
      const { kind } = this.terms[i];
      const value = this.terms[i].count(this.state);
      this[kind] += value - this.values[i];
      this.values[i] = value;
    }
  }

  saving(group: number): ChannelCost {
    const { macs, params, bytes } = this;
    const units = this.state[group];
    this.remove(group, units + 1);
    const saved = {
      macs: macs - this.macs,
      params: params - this.params,
      bytes: bytes - this.bytes,
    };
    this.remove(group, units);
    return saved;
  }

  after(removed: ReadonlyMap<string, number>): ChannelCost {
    const state = Int32Array.from(this.analysis.groups, ({ id }) => removed.get(id) ?? 0);
    const cost = { macs: 0, params: 0, bytes: 0 };
    this.terms.forEach((term, i) => {
      const isSame = term.groups.every((group) => state[group] === this.state[group]);
      cost[term.kind] += isSame ? this.values[i] : term.count(state);
    });
    return cost;
  }
}

/** Collects what costs something: nodes with MACs, and constants that count as params. */
class Terms {
  private readonly sizes: Sizes;

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly resolve: Resolve,
  ) {
    this.sizes = new Sizes(analysis, resolve);
  }

  all(): Term[] {
    const { model, sites } = this.analysis;
    const main = sites.filter(({ graph }) => graph === model.graph);
    return [...main.flatMap((site) => this.ofNode(site) ?? []), ...this.ofConstants()];
  }

  private ofNode(site: Site): Term | undefined {
    const rule = findOp(site.node)?.cost;
    if (!rule) return undefined;
    const inputs = site.inputs.map((type, i) => this.sizes.extents(type, site.inputLabels[i]));
    const outputs = site.outputs.map((type, i) => this.sizes.extents(type, site.outputLabels[i]));
    const count = (removed: Int32Array): number => {
      const left = {
        inputs: inputs.map((each) => this.sizes.at(each, removed)),
        outputs: outputs.map((each) => this.sizes.at(each, removed)),
      };
      return rule({
        node: attributesAfter(site, left),
        ...left,
        subgraph: (inner) => this.costOfGraph(inner, removed),
        integers: (input) => site.inputs[input]?.content?.map(this.resolve),
      }).macs;
    };
    if (count(new Int32Array(this.analysis.groups.length)) === 0) return undefined;
    const isNested = site.node.attribute.some(({ g }) => g);
    const touched = isNested
      ? this.analysis.groups.map((_, i) => i)
      : groupsOf([...inputs, ...outputs]);
    return { kind: 'macs', groups: touched, count };
  }

  private costOfGraph(graph: Graph, removed: Int32Array) {
    const { analysis } = this;
    const constants = new Map<string, Labels>();
    for (const site of analysis.sites) {
      if (site.graph !== graph) continue;
      site.node.input.forEach((name, i) => {
        if (site.inputLabels[i]?.some(Boolean)) constants.set(name, site.inputLabels[i]);
      });
    }
    const types = {
      ...analysis.types,
      type: (value: string, asked?: Graph): ValueType | undefined => {
        const type = analysis.types.type(value, asked);
        const labels = analysis.labelsOf(value, asked ?? graph) ?? constants.get(value);
        const shape = this.sizes.extents(type, labels);
        return type && { ...type, shape: this.sizes.at(shape, removed) };
      },
    };
    return graphCost(graph, types, this.resolve);
  }

  private *ofConstants(): Generator<Term> {
    const uses = this.usesOfConstants();
    const { model, types } = this.analysis;
    const layers = findLayers(model, types, this.resolve);
    const params = distinctConstants(layers, 'parameter');
    const stored = new Map(distinctConstants(layers));
    for (const held of [...allGraphs(model)].flatMap(heldConstants)) stored.set(held.key, held);
    for (const { key, name, elements, bytes } of stored.values()) {
      const variants = uses.get(name) ?? [];
      const groups = groupsOf(variants);
      const count = (removed: Int32Array) => this.elementsOf(variants, elements, removed);
      if (params.has(key)) yield { kind: 'params', groups, count };
      yield {
        kind: 'bytes',
        groups,
        count: (removed) => (elements === 0 ? bytes : (count(removed) * bytes) / elements),
      };
    }
  }

  /** Uses that are cut alike share a constant, others get their own; uncut ones keep the original. */
  private elementsOf(variants: readonly Extents[], whole: number, removed: Int32Array): number {
    const cut = variants.filter((each) => groupsOf([each]).some((group) => removed[group] > 0));
    const kept = cut.length < variants.length || variants.length === 0 ? whole : 0;
    const sizes = cut.map((each) => this.sizes.at(each, removed)!.reduce((a, b) => a * b, 1));
    return sizes.reduce((sum, size) => sum + size, kept);
  }

  /** For each constant the extents of its uses, those with the same labels once. */
  private usesOfConstants(): Map<string, Extents[]> {
    const { analysis } = this;
    const uses = new Map<string, Map<string, Extents>>();
    const add = (name: string, type: ValueType | undefined, labels: Labels | undefined): void => {
      const known = uses.get(name) ?? new Map<string, Extents>();
      known.set(analysis.signature(labels), this.sizes.extents(type, labels));
      uses.set(name, known);
    };
    for (const { node, graph, inputs, outputs, inputLabels, outputLabels } of analysis.sites) {
      if (node.opType === 'ConstantOfShape') add(node.output[0], outputs[0], outputLabels[0]);
      node.input.forEach((value, i) => {
        if (!value || !analysis.types.constant(value, graph) || node.opType === 'Identity') return;
        const name = analysis.constantName(value, graph);
        // A constant in another shape is cut in that shape.
        const isReshaped = i === 0 && outputLabels[0]?.some(Boolean) && node.opType === 'Reshape';
        if (isReshaped) add(name, outputs[0], outputLabels[0]);
        else add(name, inputs[i], inputLabels[i]);
      });
    }
    return new Map([...uses].map(([name, variants]) => [name, [...variants.values()]]));
  }
}
