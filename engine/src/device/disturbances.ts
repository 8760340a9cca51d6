/** What may have made a measurement longer than it should be, in sentences for people. */

import type { HostDescription } from './host/host';

export interface RunSpread {
  readonly threads: number;
  readonly p10Ms: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly cpuMs: number | null;
}

/** Of the cores, wanted by other processes. */
const busyShare = 0.25;
const largestSpread = 1.25;
/** Of the time, in which the processor did something else. */
const largestLoss = 0.1;
/** Boards begin to slow down here. */
const hotCelsius = 80;
/** Governors that hold one frequency. */
const steadyGovernors = ['performance', 'userspace'];

export function disturbances(
  { cores, load, governor, celsius }: HostDescription,
  { threads, p10Ms, medianMs, p90Ms, cpuMs }: RunSpread,
): string[] {
  const found: string[] = [];
  if (load !== null && load > busyShare * cores) {
    found.push(
      `The machine is busy: ${load.toFixed(1)} processes want to run on ${count(cores, 'core')}. ` +
        'Times on an idle machine would be shorter.',
    );
  }
  if (threads > cores) {
    found.push(`${threads} threads share ${count(cores, 'core')}; fewer would be faster.`);
  }
  if (p90Ms > largestSpread * p10Ms) {
    found.push(
      `The runs scatter: a tenth of them took ${(p90Ms / p10Ms).toFixed(1)} times as long as the ` +
        'fastest tenth, or longer. Compare lower percentiles, or measure again.',
    );
  }
  if (threads === 1 && cpuMs !== null && cpuMs < (1 - largestLoss) * medianMs) {
    const share = Math.round(100 * (1 - cpuMs / medianMs));
    found.push(
      `For ${share} % of the time other processes had the core; the processor time is nearer to ` +
        'what an idle machine takes.',
    );
  }
  if (governor !== null && !steadyGovernors.includes(governor)) {
    found.push(
      `The clock may change during the measurement (governor "${governor}"); "performance" holds it.`,
    );
  }
  if (celsius !== null && celsius >= hotCelsius) {
    found.push(`The processor is at ${celsius.toFixed(0)} °C and may have slowed down.`);
  }
  return found;
}

function count(cores: number, noun: string): string {
  return `${cores} ${noun}${cores === 1 ? '' : 's'}`;
}
