/**
 * Cuts units out of a model: every tensor loses the indices that belong to them, and every constant
 * and attribute that spells a size follows. The result is a new model; names and metadata stay.
 */

import type { Dim } from '../ir/dim';
import { CoppiceError } from '../ir/issue';
import type { Graph, Model, Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { makeTensor, withElements } from '../ir/tensor';
import type { CutContext } from '../ops/channel-rule';
import { inferTypes, type TypeTable } from '../ops/infer';
import type { ChannelAnalysis, CutUnits } from './analyze';
import { ConstantEdits, dropUnused } from './constant-edits';
import type { Site } from './sites';
import { keyOf, sliceTensor, type KeptAxes } from './slice-tensor';
import { twinOf, type Twin } from './twin';

/**
 * The analysed model without some units, given for each group by their numbers (0 … units - 1).
 *
 * @throws CoppiceError `unknown-group`, `pinned-group`, `unknown-unit`, `empty-group` for cuts that
 *   the analysis does not allow; `cut-shape` when the result's shapes are not the expected ones.
 */
export function cutChannels(
  analysis: ChannelAnalysis,
  cuts: ReadonlyMap<string, readonly number[]>,
): Model {
  return new Cutting(analysis, analysis.cutUnits(cuts)).run();
}

/** What an input that the model computes has to hold. */
interface Expectation {
  readonly site: Site;
  readonly input: number;
  readonly values: readonly Dim[];
}

class Cutting {
  private readonly twin: Twin;
  private readonly edits: ConstantEdits;
  private readonly expected: Expectation[] = [];
  /** Constants that a change may have left without use. */
  private readonly loose = new Set<string>();

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly cut: CutUnits,
  ) {
    this.twin = twinOf(analysis.model);
    this.edits = new ConstantEdits(this.twin.model);
  }

  run(): Model {
    for (const site of this.analysis.sites) this.cutSite(site);
    this.edits.apply();
    const types = this.meetExpectations();
    for (const graph of this.graphs()) dropUnused(this.twin.graphOf(graph), this.loose);
    for (const graph of this.graphs()) this.resizeDeclarations(graph);
    this.check(types);
    return this.twin.model;
  }

  private cutSite(site: Site): void {
    const keptInputs = site.inputLabels.map((labels) => this.keptAxes(labels));
    const keptOutputs = site.outputLabels.map((labels) => this.keptAxes(labels));
    const isTouched = [...keptInputs, ...keptOutputs].some((axes) => axes?.some(Boolean));
    if (!isTouched) return;
    keptInputs.forEach((axes, input) => {
      if (axes?.some(Boolean)) this.cutConstant(site, input, axes);
    });
    site.rule?.cut?.(this.contextOf(site, keptInputs, keptOutputs));
  }

  private keptAxes(labels: Site['inputLabels'][number] | undefined): KeptAxes {
    return (labels ?? []).map((axis) => this.analysis.kept(axis, this.cut));
  }

  private cutConstant(site: Site, input: number, axes: KeptAxes): void {
    const node = this.twin.nodeOf(site.node);
    if (!this.isConstant(site, input)) return;
    this.loose.add(node.input[input]);
    this.edits.request(node, input, keyOf(axes), (tensor) => sliceTensor(tensor, axes));
  }

  private isConstant(site: Site, input: number): boolean {
    const name = site.node.input[input];
    return Boolean(name) && this.analysis.types.constant(name, site.graph) !== undefined;
  }

  private contextOf(site: Site, keptInputs: KeptAxes[], keptOutputs: KeptAxes[]): CutContext {
    return {
      node: this.twin.nodeOf(site.node),
      opset: site.opset,
      inputs: site.inputs,
      outputs: site.outputs,
      keptOfInput: (input, axis) => keptInputs[input]?.[axis],
      keptOfOutput: (output, axis) => keptOutputs[output]?.[axis],
      setIntegers: (input, values) => this.setIntegers(site, input, values),
      reshapeConstant: (input, dims, kept) => this.reshapeConstant(site, input, dims, kept),
    };
  }

  private setIntegers(site: Site, input: number, values: readonly Dim[]): void {
    const node = this.twin.nodeOf(site.node);
    const before = site.inputs[input]?.content;
    const isSame = before?.length === values.length && before.every((dim, i) => dim === values[i]);
    if (isSame && this.isConstant(site, input) && node.input[input]) return;
    if (node.input[input] && !this.isConstant(site, input)) {
      this.expected.push({ site, input, values });
      return;
    }
    const numbers = values.map(Number);
    if (node.input[input]) {
      this.loose.add(node.input[input]);
      this.edits.request(node, input, `= ${numbers.join()}`, (tensor) =>
        withElements(tensor, tensor.dims.length === 0 ? [] : [numbers.length], numbers),
      );
      return;
    }
    this.addIntegers(site, input, numbers);
  }

  private reshapeConstant(
    site: Site,
    input: number,
    dims: readonly number[],
    kept: KeptAxes,
  ): void {
    if (!this.isConstant(site, input)) return;
    const node = this.twin.nodeOf(site.node);
    this.loose.add(node.input[input]);
    const key = `[${dims.join()}] ${keyOf(kept)}`;
    this.edits.request(node, input, key, (tensor) =>
      sliceTensor({ ...tensor, dims: [...dims] }, kept),
    );
  }

  private addIntegers(site: Site, input: number, numbers: readonly number[]): void {
    const node = this.twin.nodeOf(site.node);
    const wanted = `${node.output[0]}_sizes`;
    this.edits.add(this.twin.graphOf(site.graph), node, input, wanted, (name) =>
      makeTensor(name, 'int64', [numbers.length], numbers),
    );
  }

  /**
   * Sizes that the model computes mostly follow by themselves. Where they do not, the chain mixes in
   * a constant: the node then gets a constant of its own.
   */
  private meetExpectations(): TypeTable {
    let types = inferTypes(this.twin.model);
    for (const { site, input, values } of this.expected) {
      const node = this.twin.nodeOf(site.node);
      const graph = this.twin.graphOf(site.graph);
      const now = types.type(node.input[input], graph)?.content;
      if (now && now.length === values.length && now.every((dim, i) => dim === values[i])) continue;
      this.addIntegers(site, input, spelled(site, values, types.type(node.input[0], graph)?.shape));
      types = inferTypes(this.twin.model);
    }
    return types;
  }

  private *graphs(): Generator<Graph> {
    const seen = new Set<Graph>();
    for (const { graph } of this.analysis.sites) {
      if (seen.has(graph)) continue;
      seen.add(graph);
      yield graph;
    }
  }

  private resizeDeclarations(graph: Graph): void {
    const twin = this.twin.graphOf(graph);
    for (const info of [...twin.valueInfo, ...twin.input, ...twin.output]) {
      const kept = this.keptAxes(this.analysis.labelsOf(info.name ?? '', graph));
      info.type?.tensorType?.shape?.dim.forEach((dim, axis) => {
        const left = kept[axis]?.length;
        if (left !== undefined && dim.dimValue !== undefined) dim.dimValue = left;
      });
    }
  }

  /** Every value has to have the shape that its labels promise. */
  private check(types: TypeTable): void {
    for (const { node, graph, outputs, outputLabels } of this.analysis.sites) {
      outputs.forEach((output, i) => {
        const kept = this.keptAxes(outputLabels[i]);
        const twin = this.twin.nodeOf(node);
        const shape = types.type(twin.output[i], this.twin.graphOf(graph))?.shape;
        const promised = output?.shape?.map((dim, axis) => kept[axis]?.length ?? dim);
        if (!shape || !promised || !kept.some(Boolean)) return;
        const differs = promised.some((dim, axis) => kept[axis] && shape[axis] !== dim);
        if (differs) throw shapeError(node, promised, shape);
      });
    }
  }
}

/**
 * Sizes as a constant: a symbol is the input's own size at that place (0) or what remains (-1).
 *
 * @throws CoppiceError `cut-shape` where more than one symbol would remain.
 */
function spelled(site: Site, values: readonly Dim[], input: readonly Dim[] | undefined): number[] {
  const isReshape = site.node.opType === 'Reshape';
  let remaining = 0;
  const numbers = values.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    if (isReshape && input?.[axis] === dim) return 0;
    remaining++;
    return -1;
  });
  if (remaining > (isReshape ? 1 : 0)) {
    const label = nodeLabel(site.node);
    const message = `The sizes [${values.join(', ')}] that ${label} needs after the cut depend on the model's input; pin its channels or fix the input's sizes.`;
    throw new CoppiceError('cut-shape', message);
  }
  return numbers;
}

function shapeError(node: Node, promised: readonly Dim[], shape: readonly Dim[]): CoppiceError {
  return new CoppiceError(
    'cut-shape',
    `After the cut ${nodeLabel(node)} gives [${shape.join(', ')}] where [${promised.join(', ')}] was expected. This is a defect in Coppice: please report the model's operator sequence there.`,
  );
}
