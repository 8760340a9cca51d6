/**
 * Whether the GPU is used. It is driven in a process of its own, which a driver may take down, and makes
 * the step that the training will make beside the CPU: the same samples, the same state.
 */

import type { Issue } from '../../ir/issue';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Feeds, Runtime } from '../../runtime/runtime';
import { openPlace, type Place } from '../place';
import type { State } from '../state';
import type { StepGraph } from '../step-graph';
import { openStepper } from '../stepper';
import { disagreement, type Outcome } from './agreement';

export interface Trial {
  /** `gpu`: wherever it computes rightly; `auto`: where it is faster, too. */
  readonly accelerator: 'gpu' | 'auto';
  /** A step, written for the GPU. */
  readonly step: StepGraph;
  readonly first: State;
  /** All that the step reads besides the state. */
  readonly feeds: Feeds;
  readonly directory?: string;
  readonly signal: AbortSignal;
  /** The process for the GPU. */
  startRuntime?(): Promise<Runtime>;
}

/** Steps that are timed; the first one, in which kernels are compiled, is not. */
const timedSteps = 2;

/** How long `auto` waits for the GPU, in milliseconds: compiling kernels takes seconds to a minute. */
const patience = 120_000;

/** @returns no place where the CPU is to do it; the issue says why. */
export async function tryGpu(
  cpu: Place,
  trial: Trial,
): Promise<{ readonly gpu?: Place; readonly issue: Issue }> {
  const { accelerator, step, first, directory, signal } = trial;
  let runtime: Runtime | undefined;
  let reason: string;
  try {
    runtime = await (trial.startRuntime ?? startRuntime)();
    const gpu = await openPlace(runtime, encodeModel(step.model), { directory, gpu: true });
    const expected = await attempt(cpu, trial, signal);
    const limit = accelerator === 'auto' ? [AbortSignal.timeout(patience)] : [];
    const actual = await attempt(gpu, trial, AbortSignal.any([signal, ...limit]));
    const wrong = disagreement(step, first, expected, actual);
    const times = `${shown(actual.ms)} a step, ${shown(expected.ms)} on the CPU`;
    const isSlow = accelerator === 'auto' && actual.ms >= expected.ms;
    if (!wrong && !isSlow) return { gpu, issue: used(times) };
    reason = wrong ? `it computes wrongly here: ${wrong}` : `it is no faster: ${times}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  await runtime?.close();
  signal.throwIfAborted();
  return { issue: notUsed(accelerator, reason) };
}

/** Several steps from the same state, on the same samples: what the first came to, and the fastest's time. */
async function attempt(
  { runtime, session }: Place,
  { first, feeds }: Trial,
  signal: AbortSignal,
): Promise<Outcome & { readonly ms: number }> {
  const stepper = await openStepper(runtime, session, first);
  try {
    const { loss, logits } = await stepper.step(feeds, signal);
    const state = await stepper.read();
    let ms = Infinity;
    for (let i = 0; i < timedSteps; i++) {
      const start = performance.now();
      await stepper.step(feeds, signal);
      ms = Math.min(ms, performance.now() - start);
    }
    return { loss, logits, state, ms };
  } finally {
    await stepper.close();
  }
}

function used(times: string): Issue {
  return {
    severity: 'information',
    code: 'gpu',
    message: `Trained on the GPU, where a step came out as on the CPU: ${times}.`,
  };
}

/** A warning where the GPU was asked for by name. */
function notUsed(accelerator: 'gpu' | 'auto', reason: string): Issue {
  return {
    severity: accelerator === 'gpu' ? 'warning' : 'information',
    code: 'no-gpu',
    message: `Trained on the CPU, not on the GPU: ${reason}`,
  };
}

function shown(ms: number): string {
  return ms < 1000 ? `${ms.toPrecision(2)} ms` : `${(ms / 1000).toPrecision(2)} s`;
}
