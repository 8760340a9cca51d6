/**
 * Which layers of a changed model recovery may correct, and against what: for each, the value it
 * reads, the farthest value that is still linear in its output, and where a constant offset can go.
 */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Model, Node, Tensor } from '../../ir/model';
import { dimsOf, elementCount, floats } from '../../ir/tensor';
import { topologicalOrder } from '../../ir/traverse';
import { inferTypes, type TypeTable } from '../../ops/infer';
import { constantOf, ownConstant } from './constants';
import { weightLayout, type WeightLayout } from './weight-layout';

/** A layer with constant weights and one linear path to a value that can be compared. */
export interface CorrectableLayer {
  readonly node: Node;
  /** Name of the weight, a constant that no other node uses. */
  readonly weight: string;
  readonly layout: WeightLayout;
  readonly input: string;
  readonly output: string;
  /**
   * What is compared with the original: the layer's output after BatchNormalization and residual
   * sums, so that the layer also makes up for the errors of the other summands.
   */
  readonly compared: string;
  /** d compared / d output, one for each output channel. */
  readonly scale: Float64Array;
  readonly offset: Offset | undefined;
  /** Whether other values are added on the way to what is compared. */
  readonly joined: boolean;
}

/** Where a constant added to each channel of `compared` is stored: an input of a node. */
export interface Offset {
  /** What the node makes. */
  readonly holder: string;
  /** The node's input, which may be absent: a layer without a bias can take one. */
  readonly input: number;
  /** d compared / d constant: negative for the running mean of BatchNormalization. */
  readonly gain: Float64Array;
}

/**
 * The correctable layers of a model in topological order.
 *
 * @param comparable whether a value can be compared, because the original has it, too.
 */
export function correctableLayers(
  model: Model,
  comparable: (value: string) => boolean,
): CorrectableLayer[] {
  const index = indexGraph(model.graph!);
  const types = inferTypes(model);
  return topologicalOrder(model.graph!).order.flatMap((node) => {
    const weight = ownConstant(index, node.input[1]);
    const layout = weight?.dataType === 1 ? weightLayout(node, dimsOf(weight)) : undefined;
    const end = layout && new Path(node, layout, index, types).farthest(comparable);
    if (!end) return [];
    const [input, name] = node.input;
    return [{ node, weight: name, layout, input, output: node.output[0], ...end }];
  });
}

type Stop = Pick<CorrectableLayer, 'compared' | 'scale' | 'offset' | 'joined'>;

/** The way from a layer's output along operators that are affine in it, one channel at a time. */
class Path {
  private value: string;
  private scale: Float64Array;
  private offset: Offset | undefined;
  private joined = false;

  constructor(
    node: Node,
    private readonly layout: WeightLayout,
    private readonly index: GraphIndex,
    private readonly types: TypeTable,
  ) {
    this.value = node.output[0];
    this.scale = new Float64Array(layout.outputs).fill(1);
    this.offset = this.ownOffset(node);
  }

  farthest(comparable: (value: string) => boolean): Stop | undefined {
    let stop: Stop | undefined;
    do {
      const { value: compared, scale, offset, joined } = this;
      if (comparable(compared)) stop = { compared, scale, offset, joined };
    } while (this.step());
    return stop;
  }

  /** Goes past the value's only user; false where that is not possible. */
  private step(): boolean {
    const next = onlyUser(this.value, this.index);
    if (!next || !this.pass(next)) return false;
    this.value = next.output[0];
    return true;
  }

  private pass(next: Node): boolean {
    switch (next.opType) {
      case 'Identity':
        return true;
      case 'BatchNormalization':
        return next.input[0] === this.value && this.passNormalization(next);
      case 'Mul':
        return this.passFactor(next);
      case 'Add':
      case 'Sum':
        return this.passSum(next);
      default:
        return false;
    }
  }

  private passNormalization(node: Node): boolean {
    const slope = normalizationSlope(node, this.index, this.layout.outputs);
    if (!slope) return false;
    this.scaleBy(slope);
    // γ·(y − mean)/σ rises when the mean falls.
    this.offset = { holder: node.output[0], input: 3, gain: slope.map((each) => -each) };
    return true;
  }

  private passFactor(node: Node): boolean {
    const factor = constantOf(this.index, this.otherInputs(node)[0]);
    if (factor?.dataType !== 1 || !this.runsAlongChannels(factor)) return false;
    const values = floats(factor);
    const { outputs } = this.layout;
    this.scaleBy(Float64Array.from({ length: outputs }, (_, i) => values[i % values.length]));
    return true;
  }

  /** A bias, or a residual join whose other summands are as large as this one. */
  private passSum(node: Node): boolean {
    const others = this.otherInputs(node);
    if (others.length === 0 || others.length !== node.input.length - 1) return false;
    const [bias] = others;
    const constant = constantOf(this.index, bias);
    if (others.length === 1 && constant) {
      if (!this.runsAlongChannels(constant) || constant.dataType !== 1) return false;
      const { outputs } = this.layout;
      if (ownConstant(this.index, bias) && elementCount(constant) === outputs) {
        const gain = new Float64Array(outputs).fill(1);
        this.offset = { holder: node.output[0], input: node.input.indexOf(bias), gain };
      }
      return true;
    }
    const [before, after] = [this.value, node.output[0]].map((name) => this.types.type(name));
    this.joined = true;
    return before?.shape !== undefined && before.shape.join() === after?.shape?.join();
  }

  private otherInputs(node: Node): string[] {
    return node.input.filter((name) => name !== this.value);
  }

  private scaleBy(factor: Float64Array): void {
    this.scale = this.scale.map((each, i) => each * factor[i]);
    const { offset } = this;
    if (offset) this.offset = { ...offset, gain: offset.gain.map((each, i) => each * factor[i]) };
  }

  /** One element for each channel, or one for all, as broadcasting aligns it with the output. */
  private runsAlongChannels(constant: Tensor): boolean {
    const { kernel, outputs } = this.layout;
    const dims = dimsOf(constant);
    if (elementCount(constant) === 1) return dims.length <= kernel.length + 2;
    const axis = dims.length - 1 - kernel.length;
    return elementCount(constant) === outputs && dims[axis] === outputs;
  }

  private ownOffset({ opType, input, output }: Node): Offset | undefined {
    if (opType === 'MatMul') return undefined;
    const gain = new Float64Array(this.layout.outputs).fill(1);
    const bias = ownConstant(this.index, input[2]);
    const isFull = bias?.dataType === 1 && elementCount(bias) === gain.length;
    return !input[2] || isFull ? { holder: output[0], input: 2, gain } : undefined;
  }
}

/** γ / √(variance + ε) of a BatchNormalization in inference form whose mean is its own. */
function normalizationSlope(
  node: Node,
  index: GraphIndex,
  channels: number,
): Float64Array | undefined {
  const [gamma, mean, variance] = [
    constantOf(index, node.input[1]),
    ownConstant(index, node.input[3]),
    constantOf(index, node.input[4]),
  ];
  if (!gamma || !mean || !variance || elementCount(gamma) !== channels) return undefined;
  if (intAttribute(node, 'training_mode', 0) === 1 || mean.dataType !== 1) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const variances = floats(variance);
  return Float64Array.from(floats(gamma), (each, i) => each / Math.sqrt(variances[i] + epsilon));
}

function onlyUser(value: string, index: GraphIndex): Node | undefined {
  const uses = index.uses(value);
  if (uses.length !== 1 || index.isOutput(value) || index.capturedBy(value).length > 0)
    return undefined;
  return uses[0].node;
}
