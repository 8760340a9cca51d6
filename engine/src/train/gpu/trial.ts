/**
 * Whether the GPU is used. It is driven in a process of its own, which a driver may take down, and makes
 * the step that the training will make beside the CPU: the same samples, the same state.
 */

import type { Issue } from '../../ir/issue';
import { startRuntime } from '../../runtime/client';
import type { Feeds, Runtime } from '../../runtime/runtime';
import type { Place } from '../place';
import type { State } from '../state';
import type { StepGraph } from '../step-graph';
import { openStepper } from '../stepper';
import { disagreement, type Outcome } from './agreement';
import { openGpuPlace } from './gpu-place';

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
  /** The process for the GPU; one of its own unless given. */
  startRuntime?(): Promise<Runtime>;
  /** Milliseconds that `auto` gives the GPU besides 20 steps of the CPU's; half a minute unless given. */
  readonly patience?: number;
}

/** Steps that are timed; the first one, in which kernels are compiled, is not. */
const timedSteps = 2;

/** @returns no place where the CPU is to do it; the issue says why. */
export async function tryGpu(
  cpu: Place,
  trial: Trial,
): Promise<{ readonly gpu?: Place; readonly issue: Issue }> {
  const { accelerator, step, first, directory, signal, patience = 30_000 } = trial;
  let runtime: Runtime | undefined;
  let reason: string;
  try {
    runtime = await (trial.startRuntime ?? startRuntime)();
    const gpu = await openGpuPlace(runtime, step, directory);
    const expected = await attempt(cpu, trial, signal);
    const wait = accelerator === 'auto' ? Math.ceil(patience + 20 * expected.ms) : undefined;
    const actual = await within(wait, signal, runtime, (both) => attempt(gpu, trial, both));
    const wrong = disagreement(step, first, expected, actual);
    const times = `${shown(actual.ms)} a step, ${shown(expected.ms)} on the CPU`;
    const isSlow = accelerator === 'auto' && actual.ms >= expected.ms;
    if (!wrong && !isSlow) return { gpu, issue: used(times) };
    reason = wrong ? `it computes wrongly here: ${wrong}.` : `it is no faster: ${times}.`;
  } catch (error) {
    reason = reasonOf(error);
  }
  await runtime?.close();
  signal.throwIfAborted();
  return { issue: notUsed(accelerator, reason) };
}

/** Ends the process where the time is up or the signal says so: a GPU that hangs answers nothing. */
async function within<T>(
  milliseconds: number | undefined,
  signal: AbortSignal,
  runtime: Runtime,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limits = milliseconds === undefined ? [] : [AbortSignal.timeout(milliseconds)];
  const either = AbortSignal.any([signal, ...limits]);
  const end = (): void => void runtime.close();
  either.addEventListener('abort', end);
  try {
    return await work(either);
  } catch (error) {
    throw either.aborted ? either.reason : error;
  } finally {
    either.removeEventListener('abort', end);
  }
}

/** Several steps from the same state, on the same samples: what the first came to, and the fastest's time. */
async function attempt(
  { runtime, session, stays }: Place,
  { first, feeds }: Trial,
  signal: AbortSignal,
): Promise<Outcome & { readonly ms: number }> {
  const stepper = await openStepper(runtime, session, first, stays);
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

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'it is no faster: a step takes too long.' : error.message;
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
  const [value, unit] = ms < 1000 ? [ms, 'ms'] : [ms / 1000, 's'];
  return `${Number(value.toPrecision(2))} ${unit}`;
}
