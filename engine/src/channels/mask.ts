/**
 * Masks units instead of cutting them: a model of the original's shape that gives what the cut model
 * gives. It is how a cut is proved, and how it can be tried without losing anything.
 *
 * Weights are zeroed where they make and where they read the removed channels; whatever lies between
 * then no longer matters. Operators that read channels without weights (a mean over channels, the
 * product of two activations) are given the kept ones only.
 */

import type { DataTypeName } from '../ir/data-type';
import type { Model, Node, Tensor } from '../ir/model';
import { makeAttribute } from '../ir/attributes';
import { dimsOf, elements, makeTensor, withElements } from '../ir/tensor';
import type { ChannelAnalysis, CutUnits } from './analyze';
import { ConstantEdits } from './constant-edits';
import type { Site } from './sites';
import { keyOf, sliceTensor, type KeptAxes } from './slice-tensor';
import { twinOf, type Twin } from './twin';

/**
 * The analysed model with some units masked, given for each group by their numbers.
 *
 * @throws CoppiceError as `cutChannels` does.
 */
export function maskChannels(
  analysis: ChannelAnalysis,
  cuts: ReadonlyMap<string, readonly number[]>,
): Model {
  return new Masking(analysis, analysis.cutUnits(cuts)).run();
}

class Masking {
  private readonly twin: Twin;
  private readonly edits: ConstantEdits;

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly cut: CutUnits,
  ) {
    this.twin = twinOf(analysis.model);
    this.edits = new ConstantEdits(this.twin.model);
  }

  run(): Model {
    for (const site of this.analysis.sites) {
      if (site.mixes || this.hasIntegerWeights(site)) this.isolate(site);
      else this.zeroWeights(site);
    }
    this.edits.apply();
    return this.twin.model;
  }

  private kept(labels: Site['inputLabels'][number] | undefined): KeptAxes {
    return (labels ?? []).map((axis) => this.analysis.kept(axis, this.cut));
  }

  /** Integers have no zero of their own. */
  private hasIntegerWeights({ roles, inputs }: Site): boolean {
    return roles.some(({ input, role }) => role !== 'parameter' && !isFloat(inputs[input]?.dtype));
  }

  private zeroWeights(site: Site): void {
    const masked = new Map<number, (readonly number[] | undefined)[]>();
    for (const { input, axis, role } of site.roles) {
      if (role === 'parameter') continue;
      const kept = this.analysis.kept(site.inputLabels[input][axis], this.cut);
      if (!kept) continue;
      const axes = masked.get(input) ?? [];
      axes[axis] = kept;
      masked.set(input, axes);
    }
    for (const [input, axes] of masked) this.zero(site, input, axes);
  }

  private zero(site: Site, input: number, axes: KeptAxes): void {
    const node = this.twin.nodeOf(site.node);
    if (this.isConstant(site, input)) {
      this.edits.request(node, input, `zero ${keyOf(axes)}`, (tensor) => zeroed(tensor, axes));
      return;
    }
    axes.forEach((kept, axis) => {
      const shape = site.inputs[input]?.shape;
      if (!kept || !shape) return;
      const dims = shape.map((dim, each) => (each === axis ? Number(dim) : 1));
      const keep = new Set(kept);
      const mask = Array.from({ length: dims[axis] }, (_, i) => (keep.has(i) ? 1 : 0));
      const type = site.inputs[input]?.dtype ?? 'float';
      this.before(site, input, 'Mul', (name) => makeTensor(name, type, dims, mask));
    });
  }

  private isConstant(site: Site, input: number): boolean {
    const name = site.node.input[input];
    return Boolean(name) && this.analysis.types.constant(name, site.graph) !== undefined;
  }

  /** Runs a node on the kept channels alone, and puts what it gives back in the full places. */
  private isolate(site: Site): void {
    const node = this.twin.nodeOf(site.node);
    const keptInputs = site.inputLabels.map((labels) => this.kept(labels));
    const keptOutputs = site.outputLabels.map((labels) => this.kept(labels));
    if (![...keptInputs, ...keptOutputs].some((axes) => axes?.some(Boolean))) return;
    site.rule?.cut?.({
      node,
      opset: site.opset,
      inputs: site.inputs,
      outputs: site.outputs,
      keptOfInput: (input, axis) => keptInputs[input]?.[axis],
      keptOfOutput: (output, axis) => keptOutputs[output]?.[axis],
      setIntegers: (input, values) => {
        this.edits.request(node, input, values.join(), (tensor) =>
          withElements(tensor, [values.length], values.map(Number)),
        );
      },
      // Reshapes mix nothing, so none is ever isolated.
      reshapeConstant: () => undefined,
    });
    keptInputs.forEach((axes, input) => {
      if (!axes?.some(Boolean)) return;
      if (this.isConstant(site, input)) {
        this.edits.request(node, input, keyOf(axes), (tensor) => sliceTensor(tensor, axes));
      } else axes.forEach((kept, axis) => kept && this.pick(site, input, axis, kept));
    });
    keptOutputs.forEach((axes, output) => {
      axes.forEach((kept, axis) => kept && this.putBack(site, output, axis, kept));
    });
  }

  private pick(site: Site, input: number, axis: number, kept: readonly number[]): void {
    const indices = (name: string) => makeTensor(name, 'int64', [kept.length], kept);
    this.before(site, input, 'Gather', indices, axis);
  }

  /** Puts a node between an input and what it read before. */
  private before(
    site: Site,
    input: number,
    opType: string,
    make: (name: string) => Tensor,
    axis?: number,
  ): void {
    const node = this.twin.nodeOf(site.node);
    const graph = this.twin.graphOf(site.graph);
    const output = this.edits.name(`${node.input[input]}_kept`);
    const made = newNode(opType, [node.input[input]], output, axis);
    graph.node.splice(graph.node.indexOf(node), 0, made);
    this.edits.add(graph, made, 1, `${output}_operand`, make);
    node.input[input] = output;
  }

  /** Removed places get some kept channel's values, which nothing reads. */
  private putBack(site: Site, output: number, axis: number, kept: readonly number[]): void {
    const node = this.twin.nodeOf(site.node);
    const graph = this.twin.graphOf(site.graph);
    const count = Number(site.outputs[output]?.shape?.[axis]);
    const positions = new Array<number>(count).fill(0);
    kept.forEach((index, i) => (positions[index] = i));
    const name = node.output[output];
    const inner = this.edits.name(`${name}_kept`);
    const made = newNode('Gather', [inner], name, axis);
    graph.node.splice(graph.node.indexOf(node) + 1, 0, made);
    this.edits.add(graph, made, 1, `${inner}_operand`, (each) =>
      makeTensor(each, 'int64', [count], positions),
    );
    node.output[output] = inner;
  }
}

function newNode(opType: string, input: string[], output: string, axis?: number): Node {
  const attribute = axis === undefined ? [] : [makeAttribute('axis', axis)];
  return { input, output: [output], name: output, opType, attribute, metadataProps: [] };
}

function isFloat(dtype: DataTypeName | undefined): boolean {
  return dtype === undefined || ['float', 'double', 'float16', 'bfloat16'].includes(dtype);
}

/** Zero wherever an index of some axis is not kept. */
function zeroed(tensor: Tensor, axes: KeptAxes): Tensor {
  const dims = dimsOf(tensor);
  const stored = elements(tensor);
  const data = stored.slice() as Float32Array | Float64Array;
  axes.forEach((kept, axis) => {
    if (!kept) return;
    const inner = dims.slice(axis + 1).reduce((all, dim) => all * dim, 1);
    const keep = new Set(kept);
    for (let at = 0, i = 0; at < data.length; at += inner, i = (i + 1) % dims[axis]) {
      if (!keep.has(i)) data.fill(0, at, at + inner);
    }
  });
  return withElements(tensor, dims, data);
}
