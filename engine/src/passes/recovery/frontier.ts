/**
 * Where a run of the cut model may begin: values that no later correction changes. Keeping them for
 * all calibration batches spares computing the first layers anew for every layer behind them.
 */

import type { Feeds, NamedTensor } from '../../runtime/runtime';
import type { CalibrationBatches } from './samples';

/** Bytes of values that are kept. */
const bound = 512 * 2 ** 20;

/** Calibration batches as values of the cut model: its inputs at first, later ones further in. */
export class Frontier {
  private values: Feeds[] | undefined;
  private next: Feeds[] = [];
  private bytes = 0;
  private wanted: readonly string[] = [];

  constructor(private readonly data: CalibrationBatches) {}

  async *each(signal: AbortSignal): AsyncGenerator<Feeds> {
    if (!this.values) {
      for await (const { feeds } of this.data.each(signal)) yield feeds;
      return;
    }
    yield* this.values;
  }

  /** Begins to move to other values; each batch then hands them over with `take`. */
  request(names: readonly string[]): void {
    this.wanted = names;
    this.next = [];
    this.bytes = 0;
  }

  /** The requested values that are not among these. */
  missing(feeds: Feeds): string[] {
    return this.wanted.filter((name) => !(name in feeds));
  }

  take(feeds: Feeds, results: Readonly<Record<string, NamedTensor>>): void {
    if (this.wanted.length === 0 || this.bytes > bound) return;
    const values = Object.fromEntries(
      this.wanted.map((name) => [name, results[name] ?? feeds[name]]),
    );
    for (const { data } of Object.values(values)) this.bytes += data.byteLength;
    this.next.push(values);
  }

  /** Moves, unless the values would take too much memory. */
  settle(): void {
    if (this.wanted.length > 0 && this.bytes <= bound) this.values = this.next;
    this.next = [];
    this.wanted = [];
  }
}
