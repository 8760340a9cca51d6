/**
 * Operations that gradients are made of and that ONNX has no operator for. Rules emit them like
 * operators of a domain of their own; whoever builds the graph writes them with operators that the
 * runtime has. `write` is the portable way; other memory layouts have ways of their own.
 */

import type { Node } from '../../ir/model';
import type { GraphWriter } from '../gradient';
import { channelCompounds } from './channels';
import { convolutionInputGradient } from './convolution-input';
import { convolutionWeightGradient } from './convolution-weight';
import { compoundDomain } from './support';

export interface Compound {
  /** Gives the name of what was computed. */
  write(write: GraphWriter, node: Node): string;
}

const all: Readonly<Record<string, Compound>> = {
  ...channelCompounds,
  ConvInputGradient: convolutionInputGradient,
  ConvWeightGradient: convolutionWeightGradient,
};

/** Undefined for what is an operator. */
export function compoundOf({ domain, opType = '' }: Node): Compound | undefined {
  return domain === compoundDomain ? all[opType] : undefined;
}
