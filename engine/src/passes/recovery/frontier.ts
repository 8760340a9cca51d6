/**
 * Where a run of the cut model may begin: values that no later correction changes. Keeping them for
 * all calibration batches spares computing the first layers anew for every layer behind them.
 */

import { capturedValues } from '../../ir/graph-index';
import type { Graph, Node } from '../../ir/model';
import type { Feeds, NamedTensor } from '../../runtime/runtime';
import type { CalibrationBatch, CalibrationBatches } from './samples';

/** Bytes of values that are kept. */
const bound = 512 * 2 ** 20;

/**
 * The values that nodes behind the pending layers read and that no pending layer can change.
 * Constants are not among them.
 */
export function settledValues(graph: Graph, pending: readonly Node[]): string[] {
  const unsettled = new Set<string>();
  const starts = new Set(pending);
  const settled = new Set<string>();
  const made = new Set(graph.node.flatMap(({ output }) => output));
  const constants = new Set(graph.initializer.map(({ name }) => name));
  for (const { name } of graph.input) if (!constants.has(name)) made.add(name ?? '');
  for (const node of graph.node) {
    const inputs = [...node.input, ...capturedValues(node)].filter((name) => made.has(name));
    if (!starts.has(node) && !inputs.some((name) => unsettled.has(name))) continue;
    node.output.forEach((name) => unsettled.add(name));
    for (const name of inputs) if (!unsettled.has(name)) settled.add(name);
  }
  return [...settled];
}

/** Calibration batches as values of the cut model: its inputs at first, later ones further in. */
export class Frontier {
  private values: Feeds[] | undefined;
  private next: Feeds[] = [];
  private bytes = 0;
  private wanted: readonly string[] = [];

  constructor(private readonly data: CalibrationBatches) {}

  async *each(signal: AbortSignal): AsyncGenerator<CalibrationBatch> {
    if (!this.values) {
      yield* this.data.each(signal);
      return;
    }
    for (const feeds of this.values) yield { feeds, samples: Object.values(feeds)[0].dims[0] };
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
