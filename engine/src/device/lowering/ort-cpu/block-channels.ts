/**
 * The blocked layout of x86 (NCHWc): channels lie in blocks of 16 (AVX-512) or 8 (AVX2), so that one
 * vector holds a block. Convolutions whose channels suit it compute there and draw what lies between
 * them in; where a value comes from or goes to the plain layout it is reordered. Rules and limits of
 * ONNX Runtime 1.30.
 */

import { intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { MapShape } from './map-shape';
import { hasConstantWeights } from './fold-into-conv';
import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

/** Channel counts that are no multiple of it cannot be reordered. */
const alignment = 4;

export const blockChannels: OrtRule = {
  doc: 'Convolutions and what lies between them compute with channels in blocks.',
  apply: (graph) => {
    if (graph.block > 1) new Blocking(graph).run();
  },
};

/** A value that lies in blocks. */
interface Blocked {
  readonly name: string;
  readonly channels: number;
  readonly shape: MapShape;
  /** Read once, and not by the model's caller. */
  readonly single: boolean;
}

class Blocking {
  private readonly blocked = new Map<string, Blocked>();
  private readonly reordered = new Map<string, string>();
  private readonly handlers: Readonly<Record<string, (operator: Operator) => void>>;

  constructor(private readonly graph: RunGraph) {
    const sum = (operator: Operator) => this.binary(operator, true);
    const activation = (operator: Operator) => this.activation(operator);
    const conv = (operator: Operator) => this.conv(operator);
    const pool = (operator: Operator) => this.pool(operator);
    const inside = (operator: Operator) => {
      if (this.blocked.has(operator.inputs[0])) pool(operator);
    };
    this.handlers = {
      Conv: conv,
      FusedConv: conv,
      MaxPool: pool,
      AveragePool: pool,
      GlobalMaxPool: inside,
      GlobalAveragePool: inside,
      Add: sum,
      Sum: sum,
      Mul: (operator) => this.binary(operator, false),
      Concat: (operator) => this.concat(operator),
      Relu: activation,
      Sigmoid: activation,
      Tanh: activation,
      HardSwish: activation,
      QuickGelu: activation,
      Gelu: activation,
      BatchNormalization: (operator) => this.perChannel(operator),
      Transpose: (operator) => this.toChannelsLast(operator),
      Resize: (operator) => this.resize(operator),
      Upsample: (operator) => this.resize(operator),
    };
  }

  run(): void {
    for (const operator of [...this.graph.all()]) {
      if (operator.bytes === undefined) this.handlers[operator.type]?.(operator);
    }
    for (const [plain, { name }] of this.blocked) {
      if (!this.graph.isResult(plain) && this.graph.usersOf(plain).length === 0) continue;
      this.graph.insert({
        type: 'ReorderOutput',
        inputs: [name],
        outputs: [plain],
        nodes: [],
        layout: 'blocked',
      });
    }
  }

  private conv(operator: Operator): void {
    const { graph } = this;
    const [output, input, ...kernel] = graph.shape(operator.inputs[1]) ?? [];
    if (kernel.length !== 2 || !hasConstantWeights(operator, graph)) return;
    const group = intAttribute(operator.node!, 'group', 1);
    const { block } = graph;
    if (group > 1) {
      const depthwise = input === 1 && output === group;
      const whole = input % block === 0 && (output / group) % block === 0;
      if (output % alignment !== 0 || !(depthwise || whole)) return;
    } else if (input >= block && input % alignment !== 0) return;
    // Few channels, as those of an image, are read where they lie.
    const reads = group > 1 || input >= block;
    const before = reads ? this.blocked.get(operator.inputs[0]) : undefined;
    const first = reads ? this.inBlocks(operator.inputs[0]) : operator.inputs[0];
    const shape = before
      ? before.shape.through(operator.node!, kernel)
      : new MapShape(operator.outputs[0]);
    const { addend } = operator;
    this.put(
      { ...operator, type: 'Conv', inputs: [first, ...operator.inputs.slice(1)], addend },
      operator,
      output,
      shape,
    );
  }

  private pool(operator: Operator): void {
    const { inputs, outputs, node } = operator;
    const shape = this.graph.shape(inputs[0]);
    if (outputs.length > 1 || shape?.length !== 4 || shape[1] % this.graph.block !== 0) return;
    const kernel = intsAttribute(node!, 'kernel_shape');
    const before = this.blocked.get(inputs[0]);
    const after = before && kernel ? before.shape.through(node!, kernel) : new MapShape(outputs[0]);
    this.put({ ...operator, inputs: [this.inBlocks(inputs[0])] }, operator, shape[1], after);
  }

  /** Sums join the convolution before them, as long as that has no activation yet. */
  private binary(operator: Operator, isSum: boolean): void {
    const { graph } = this;
    const sides = operator.inputs.map((name) => this.blocked.get(name));
    if (!isSum && sides.some((side) => !side)) return this.perChannel(operator);
    if (sides.length === 0 || !sides.every((side) => side !== undefined)) return;
    const [{ channels, shape }] = sides;
    if (sides.some((side) => side.channels !== channels)) return;
    const same = operator.inputs.every((name, i) =>
      shape.equals(sides[i].shape, operator.inputs[0], name, graph),
    );
    if (!same) {
      if (isSum) this.reshapedSum(operator, sides);
      return;
    }
    for (const [i, side] of isSum && sides.length === 2 ? sides.entries() : []) {
      const conv = graph.maker(side.name);
      if (conv?.type !== 'Conv' || !side.single || conv.activation || conv.addend) continue;
      const nodes = [...conv.nodes, ...operator.nodes];
      const fused = { ...conv, nodes, addend: sides[1 - i].name };
      this.put(fused, operator, channels, side.shape, [conv, operator]);
      return;
    }
    this.put({ ...operator, inputs: sides.map(({ name }) => name) }, operator, channels, shape);
  }

  /** Sums of values that only turn out to be of one size when the model runs. */
  private reshapedSum(operator: Operator, sides: readonly Blocked[]): void {
    const { graph } = this;
    const reshape = (from: string, to: string): void => {
      graph.setShape(to, graph.shape(from));
      graph.insert({
        type: 'Reshape',
        inputs: [from],
        outputs: [to],
        nodes: [],
        layout: 'blocked',
      });
    };
    const inputs = sides.map(({ name }) => {
      const to = graph.newValue();
      reshape(name, to);
      return to;
    });
    const sum = graph.newValue();
    const [{ channels }] = sides;
    const { outputs } = operator;
    const { name } = this.blockedName(outputs[0], channels, new MapShape(outputs[0]));
    graph.setShape(sum, graph.shape(name));
    graph.replace([operator], { ...operator, inputs, outputs: [sum], layout: 'blocked' });
    reshape(sum, name);
  }

  /** A factor, or a factor and a shift, for each channel: a depthwise convolution of one element. */
  private perChannel(operator: Operator): void {
    const side = operator.inputs.map((name) => this.blocked.get(name)).find((each) => !!each);
    const others = operator.inputs.filter((name) => !this.blocked.has(name));
    if (!side || !others.every((name) => this.graph.isConstant(name))) return;
    const isScale = (name: string): boolean => {
      const shape = this.graph.shape(name) ?? [];
      const size = shape.reduce((product, each) => product * each, 1);
      return size === side.channels && (operator.type !== 'Mul' || shape.at(-3) === size);
    };
    if (!others.every(isScale)) return;
    const conv = { ...operator, type: 'Conv', inputs: [side.name, ...others] };
    this.put(conv, operator, side.channels, side.shape);
  }

  private concat(operator: Operator): void {
    const sides = operator.inputs.map((name) => this.blocked.get(name));
    if (intAttribute(operator.node!, 'axis') !== 1) return;
    if (!sides.every((side) => side && side.channels % this.graph.block === 0)) return;
    const channels = sides.reduce((sum, side) => sum + side!.channels, 0);
    const inputs = sides.map((side) => side!.name);
    this.put({ ...operator, inputs }, operator, channels, sides[0]!.shape);
  }

  private activation(operator: Operator): void {
    const side = this.blocked.get(operator.inputs[0]);
    if (!side) return;
    const conv = this.graph.maker(side.name);
    if (
      conv?.type === 'Conv' &&
      side.single &&
      !conv.activation &&
      /^(Relu|Sigmoid|Tanh|HardSwish)$/.test(operator.type)
    ) {
      const nodes = [...conv.nodes, ...operator.nodes];
      const fused = { ...conv, nodes, activation: operator.type };
      this.put(fused, operator, side.channels, side.shape, [conv, operator]);
    } else {
      this.put(
        { ...operator, inputs: [side.name, ...operator.inputs.slice(1)] },
        operator,
        side.channels,
        side.shape,
      );
    }
  }

  private toChannelsLast(operator: Operator): void {
    const side = this.blocked.get(operator.inputs[0]);
    if (!side || intsAttribute(operator.node!, 'perm')?.join() !== '0,2,3,1') return;
    const reorder = { ...operator, type: 'ReorderOutput', inputs: [side.name] };
    this.graph.replace([operator], { ...reorder, layout: 'blocked' });
  }

  /** Whole-numbered enlargement, by copies or linearly. */
  private resize(operator: Operator): void {
    const { inputs, outputs, node } = operator;
    const side = this.blocked.get(inputs[0]);
    const [from, to] = [this.graph.shape(inputs[0]), this.graph.shape(outputs[0])];
    if (!side || !node || from?.length !== 4 || to?.length !== 4) return;
    if (!inputs.slice(1).every((name) => !name || this.graph.isConstant(name))) return;
    if (to.some((size, i) => size % from[i] !== 0) || to[1] !== from[1]) return;
    const mode = stringAttribute(node, 'mode', 'nearest');
    const coordinates = stringAttribute(
      node,
      'coordinate_transformation_mode',
      operator.type === 'Upsample' ? 'asymmetric' : 'half_pixel',
    );
    const rounding = stringAttribute(
      node,
      'nearest_mode',
      operator.type === 'Upsample' ? 'floor' : 'round_prefer_floor',
    );
    const copies = mode === 'nearest' && coordinates === 'asymmetric' && rounding === 'floor';
    const linear =
      mode === 'linear' && ['asymmetric', 'align_corners', 'half_pixel'].includes(coordinates);
    if (!copies && !linear) return;
    const upsample = { ...operator, type: 'Upsample', inputs: [side.name] };
    this.put(upsample, operator, side.channels, new MapShape(outputs[0]));
  }

  /** The value in blocks, reordered once for all that read it. */
  private inBlocks(value: string): string {
    const known = this.blocked.get(value)?.name ?? this.reordered.get(value);
    if (known) return known;
    const name = this.graph.newValue();
    this.graph.setShape(name, this.padded(value));
    this.reordered.set(value, name);
    this.graph.insert({
      type: 'ReorderInput',
      inputs: [value],
      outputs: [name],
      nodes: [],
      layout: 'blocked',
    });
    return name;
  }

  /** Puts what computes in blocks in the place of an operator, or of several. */
  private put(
    by: Operator,
    operator: Operator,
    channels: number,
    shape: MapShape,
    olds = [operator],
  ): void {
    const { name } = this.blockedName(operator.outputs[0], channels, shape);
    this.graph.replace(olds, { ...by, outputs: [name], layout: 'blocked' });
  }

  private blockedName(value: string, channels: number, shape: MapShape): Blocked {
    const name = this.graph.newValue();
    this.graph.setShape(name, this.padded(value));
    const single = this.graph.onlyUser(value) !== undefined;
    const made = { name, channels, shape, single };
    this.blocked.set(value, made);
    return made;
  }

  /** The shape with channels rounded up to whole blocks. */
  private padded(value: string): readonly number[] | undefined {
    const { block } = this.graph;
    return this.graph
      .shape(value)
      ?.map((size, i) => (i === 1 ? Math.ceil(size / block) * block : size));
  }
}
