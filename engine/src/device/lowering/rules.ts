/** The contract of a runtime's rules: how it turns a graph into kernels. `index.ts` lists them. */

import type { Kernel } from '../kernel';
import type { Workload } from '../workload';

export interface LoweringRules {
  /** What profiles refer to. */
  readonly id: string;
  readonly doc: string;
  /** The kernels in the order they run. Needs neither weights nor the runtime. */
  lower(workload: Workload): readonly Kernel[];
}
