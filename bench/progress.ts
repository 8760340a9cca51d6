/** One line on the standard error that says how far a long benchmark is, and how long it will take. */

export class BenchProgress {
  private done = 0;
  private spent = 0;
  private readonly start = performance.now();

  /** @param total the work of all cases that are to be measured, in any unit. */
  constructor(private readonly total: number) {}

  /** @param work of the case that begins, in the unit of the total. */
  async measure<T>(title: string, work: number, run: () => Promise<T>): Promise<T> {
    const elapsed = (performance.now() - this.start) / 1000;
    const left = this.spent > 0 ? (elapsed / this.spent) * (this.total - this.spent) : NaN;
    const estimate = Number.isNaN(left) ? '' : `, about ${minutes(left)} left`;
    const share = ((100 * this.spent) / this.total).toFixed(0);
    console.error(`[${++this.done}, ${share} %, ${minutes(elapsed)}${estimate}] ${title}`);
    const result = await run();
    this.spent += work;
    return result;
  }
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
