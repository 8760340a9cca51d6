/** The contract of a runtime's rules: how it turns a graph into kernels. `index.ts` lists them. */

import type { Kernel } from '../kernel';
import type { Workload } from '../workload';

export interface LoweringRules {
  /** What profiles refer to. */
  readonly id: string;
  readonly doc: string;
  /**
   * The kernels in about the order they run. Needs neither weights nor the runtime.
   *
   * @param block channels that the runtime computes at once, on which some rules depend.
   */
  lower(workload: Workload, block: number): readonly Kernel[];
}
