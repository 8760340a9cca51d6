/** The contract of a placement profile: what a runtime can do with quantized models. */

export interface Profile {
  readonly id: string;
  readonly title: string;
  /** A paragraph for the reference page. */
  readonly doc: string;
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
  /** Formats it takes, the usual one first. */
  readonly formats: readonly ('qdq' | 'qoperator')[];
}

/**
 * `layer`: a product with a weight that is quantized, too. `computes`: takes and gives quantized
 * values, each with its own scale. `joins`: as `computes`, but all its values share one scale.
 * `passes`: only moves values, so that its output keeps the scale of its first input.
 */
export type Treatment = 'layer' | 'computes' | 'joins' | 'passes';

export interface ActivationTraits {
  /** Types it takes, the usual one first. */
  readonly types: readonly string[];
  readonly symmetric: boolean;
}

export interface WeightTraits {
  readonly types: readonly string[];
  /** Operators whose weights may have a scale for each output channel. */
  readonly perChannel: readonly string[];
  /** When weights keep to 7 bits: always, never, or where the machine's products saturate. */
  readonly reduced: 'never' | 'without-vnni';
}
