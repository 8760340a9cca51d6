/** Test support: a GPU that is none. It computes on the CPU, and may be made to fail or to be wrong. */

import type { NamedTensor, Runtime } from '../../runtime/runtime';

/** What a run answers, by output. */
export type Answer = Record<string, NamedTensor>;

/**
 * @param change gets what the run of this number, from 0, would answer, be it a step or the reading of a
 * state; it may change it, throw or wait.
 */
export function pretendedGpu(
  given: Runtime,
  change: (answer: Answer, run: number) => unknown = () => undefined,
): () => Promise<Runtime> {
  let runs = 0;
  return () => {
    const closing: (() => Promise<void>)[] = [];
    return Promise.resolve({
      ...given,
      open: async (model, options) => {
        if (!options?.gpu) throw new Error('nobody asked for the GPU');
        const session = await given.open(model, { ...options, gpu: false, stayOnGpu: [] });
        closing.push(() => session.close());
        return {
          ...session,
          run: async (...request) => {
            const answer = await session.run(...request);
            await change(answer, runs++);
            return answer;
          },
          runAndKeep: async (...request) => {
            const answer = await session.runAndKeep(...request);
            await change(answer.given, runs++);
            return answer;
          },
        };
      },
      close: async () => {
        for (const close of closing) await close();
      },
    });
  };
}
