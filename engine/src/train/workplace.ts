/** Where the steps of a training are made: on the CPU, or on the GPU for as long as it does. */

import { isAbort } from '../ir/cancellation';
import type { Issue } from '../ir/issue';
import type { Session } from '../runtime/runtime';
import { tryGpu, type Trial } from './gpu/trial';
import type { Place } from './place';
import type { State } from './state';
import { openStepper, type Stepper } from './stepper';

export class Workplace {
  readonly issues: Issue[] = [];
  private isGpu = false;

  private constructor(
    private place: Place,
    private readonly openCpu: () => Promise<Place>,
  ) {}

  static async open(openCpu: () => Promise<Place>): Promise<Workplace> {
    return new Workplace(await openCpu(), openCpu);
  }

  get session(): Session {
    return this.place.session;
  }

  openStepper(state: State): Promise<Stepper> {
    const { runtime, session, stays } = this.place;
    return openStepper(runtime, session, state, stays);
  }

  /** Goes over to the GPU where a trial shows that it does. */
  async tryGpu(trial: Trial): Promise<void> {
    const { gpu, issue } = await tryGpu(this.place, trial);
    this.issues.push(issue);
    if (!gpu) return;
    await this.close();
    this.place = gpu;
    this.isGpu = true;
  }

  /**
   * Comes back to the CPU when the GPU has failed, and gives what is to be said of it.
   *
   * @throws the error where it is not the GPU's.
   */
  async leaveGpu(error: unknown): Promise<Issue> {
    if (!this.isGpu || isAbort(error)) throw error;
    await this.close();
    this.isGpu = false;
    this.place = await this.openCpu();
    const issue = failed(error);
    this.issues.push(issue);
    return issue;
  }

  async close(): Promise<void> {
    // The GPU's process serves nobody else.
    await (this.isGpu ? this.place.runtime : this.place.session).close();
  }
}

function failed(error: unknown): Issue {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    severity: 'warning',
    code: 'gpu-failed',
    message: `The GPU failed, and training went on on the CPU from the last state that was safe: ${reason}`,
  };
}
