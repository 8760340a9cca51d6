/** The contract of a placement profile: what a runtime can do with quantized models. */

export interface Profile {
  readonly id: string;
  readonly title: string;
  /** A paragraph for the reference page. */
  readonly doc: string;
  /** Where its facts are from. */
  readonly sources: readonly string[];
  /** How each operator is treated; what is not listed stays in floating point. */
  readonly operators: Readonly<Record<string, Treatment>>;
  /** Activations that the runtime fuses into the operator before them. */
  readonly fusedActivations: readonly string[];
  /** True where Conv, Add and activation are one kernel: nothing is quantized between them. */
  readonly fusesAdd: boolean;
  /** Layers whose kernels give floats, so that the output of the model need not be quantized. */
  readonly floatOutputs: readonly string[];
  readonly activations: ActivationTraits;
  readonly weights: WeightTraits;
  /**
   * True where constants of one element are quantized as operands, too. Elsewhere they stay floats, and
   * with them gates that are spelled out, such as hard swish as `x · clip(x + 3, 0, 6) / 6`.
   */
  readonly scalars: boolean;
  /** Biases count steps of input times weight, or stay floats where the runtime quantizes them itself. */
  readonly biases: 'int32' | 'float';
  /** Formats it takes, the usual one first. */
  readonly formats: readonly Format[];
  /** True where it has ONNX Runtime's own quantizers, which need no later opset for any type or axis. */
  readonly ownQuantizers: boolean;
}

export type Format = 'qdq' | 'qoperator';

/**
 * `layer`: a product with a weight that is quantized, too. `computes`: takes and gives quantized
 * values, each with its own scale. `joins`: as `computes`, but all its values share one scale.
 * `passes`: only moves values, so that its output keeps the scale of its first input.
 */
export type Treatment = 'layer' | 'computes' | 'joins' | 'passes';

export interface ActivationTraits {
  /** Types it takes, the usual one first. */
  readonly types: readonly string[];
  /** True where zero lies in the middle of the codes. */
  readonly symmetric: boolean;
}

export interface WeightTraits {
  readonly types: readonly string[];
  /** Operators whose weights may have a scale for each output channel. */
  readonly perChannel: readonly string[];
  /** When weights keep to 7 bits: never, or where sums of products saturate for want of VNNI. */
  readonly reduced: 'never' | 'without-vnni';
}
