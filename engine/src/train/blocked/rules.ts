/** What can be computed on blocked values, by operator. */

import type { Node } from '../../ir/model';
import type { BlockedWriter } from './blocked-builder';
import { channelRules } from './channels';
import { convolutionRules } from './convolution';
import { elementwiseRules } from './elementwise';
import { poolingRules } from './pooling';
import { weightGradientRules } from './weight-gradient';

/** Writes a node on blocked values; false where it is better left as it is, and nothing was written. */
export type BlockedRule = (node: Node, write: BlockedWriter) => boolean;

export const blockedRules: Readonly<Record<string, BlockedRule | undefined>> = {
  ...convolutionRules,
  ...weightGradientRules,
  ...channelRules,
  ...elementwiseRules,
  ...poolingRules,
};
