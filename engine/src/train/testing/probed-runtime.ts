/** Test support: a runtime that answers the probe for blocked values wrongly, and counts who uses them. */

import type { Runtime } from '../../runtime/runtime';
import { blockedDomain } from '../blocked/blocked-builder';

export interface ProbedRuntime {
  readonly runtime: Runtime;
  /** Graphs besides the probe's that compute on blocked values. */
  blockedGraphs(): number;
}

/** The probe's sessions: what a block is, the same checks plainly, and on blocked values. */
export const probeSessions = { size: 0, plain: 1, blocked: 2 } as const;

/**
 * @param wrong gets what a session of the probe would answer, and may change it or throw; nothing is
 * wrong unless given.
 */
export function probedRuntime(
  given: Runtime,
  session: number = probeSessions.blocked,
  wrong: (values: Float32Array) => void = () => undefined,
): ProbedRuntime {
  let [probes, count] = [0, 0];
  const runtime: Runtime = {
    ...given,
    open: async (model, options) => {
      const opened = await given.open(model, options);
      if (options?.label !== blockedDomain) {
        count += Buffer.from(model).includes(blockedDomain) ? 1 : 0;
        return opened;
      }
      if (probes++ !== session) return opened;
      return {
        ...opened,
        run: async (...request) => {
          const outputs = await opened.run(...request);
          for (const { data } of Object.values(outputs)) wrong(data as Float32Array);
          return outputs;
        },
      };
    },
  };
  return { runtime, blockedGraphs: () => count };
}
