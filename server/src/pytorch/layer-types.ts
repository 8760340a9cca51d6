/** The layers of `torch.nn` that hold weights, and the operators they are exported as. */

export interface LayerType {
  readonly pattern: RegExp;
  /** Operators of the node that holds the weights; absent where exporters have many ways. */
  readonly operators?: RegExp;
  /** Position and name of the argument that spells the output channels. */
  readonly channels?: readonly [position: number, keyword: string];
  /** False where an export may lose the names of the weights or the layer as a whole. */
  readonly kept: boolean;
}

const norm = /Normalization|^(Mul|Add|Div|Sub)$/;

export const layerTypes: readonly LayerType[] = [
  {
    pattern: /^(Lazy)?Conv[123]d$/,
    operators: /Conv/,
    channels: [1, 'out_channels'],
    kept: true,
  },
  {
    pattern: /^(Lazy)?ConvTranspose[123]d$/,
    operators: /Conv|DeformConv/,
    channels: [1, 'out_channels'],
    kept: true,
  },
  {
    pattern: /^(Lazy)?Linear$/,
    operators: /Gemm|MatMul|^Conv$/,
    channels: [1, 'out_features'],
    kept: true,
  },
  // Normalization is often folded into the layer before it.
  {
    pattern: /^(Lazy|Sync)?BatchNorm([123]d)?$/,
    operators: norm,
    channels: [0, 'num_features'],
    kept: false,
  },
  {
    pattern: /^(LayerNorm|RMSNorm|GroupNorm|(Lazy)?InstanceNorm[123]d)$/,
    operators: norm,
    kept: false,
  },
  { pattern: /^Embedding(Bag)?$/, operators: /Gather/, channels: [1, 'embedding_dim'], kept: true },
  { pattern: /^PReLU$/, operators: /PRelu/, kept: true },
  { pattern: /^(LSTM|GRU|RNN)$/, kept: false },
  { pattern: /^(MultiheadAttention|Bilinear|Transformer\w*)$/, kept: false },
];

export function findLayerType(type: string): LayerType | undefined {
  return layerTypes.find(({ pattern }) => pattern.test(type));
}
