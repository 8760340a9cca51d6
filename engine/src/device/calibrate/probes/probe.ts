/** The contract of a family of probe networks. `index.ts` lists them. */

import type { Network, Value } from './network';

export interface Probe {
  /** Names the family in states and messages. */
  readonly id: string;
  /** Which layers it covers, in one line. */
  readonly doc: string;
  /** Draws a network; gives its outputs. */
  build(network: Network): readonly Value[];
}
