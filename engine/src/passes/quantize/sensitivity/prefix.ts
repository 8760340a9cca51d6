/**
 * The batches of one lane on their way through a model: the values that the layers ahead need are kept
 * in the runtime's process and move forward from layer to layer.
 */

import type { Model } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { KeptTensor, KeptTensors, Runtime } from '../../../runtime/runtime';
import type { FedBatch } from './batches';

export interface KeptBatch extends Omit<FedBatch, 'feeds'> {
  readonly values: KeptTensors;
}

export class Prefix {
  batches: readonly KeptBatch[] = [];
  private readonly held = new Set<KeptTensor>();

  constructor(
    private readonly model: Model,
    private readonly runtime: Runtime,
    private readonly signal: AbortSignal,
  ) {}

  /** Begins with the inputs of the model. */
  async begin(batches: readonly FedBatch[]): Promise<void> {
    for (const { feeds, ...batch } of batches) {
      const values = this.hold(await this.runtime.keep(feeds, this.signal));
      this.batches = [...this.batches, { ...batch, values }];
    }
  }

  /** Moves on to other values, which follow from those at hand. */
  async advance(wanted: readonly string[]): Promise<void> {
    const at = this.batches[0].values;
    const missing = wanted.filter((name) => !(name in at));
    if (missing.length > 0) await this.compute(missing);
    for (const { values } of this.batches) {
      await this.release(
        Object.entries(values).flatMap(([name, each]) => (wanted.includes(name) ? [] : each)),
      );
    }
    this.batches = this.batches.map(({ values, ...batch }) => ({
      ...batch,
      values: Object.fromEntries(wanted.map((name) => [name, values[name]])),
    }));
  }

  async end(): Promise<void> {
    await this.release([...this.held]);
  }

  private async compute(missing: readonly string[]): Promise<void> {
    const excerpt = new Excerpt(this.model);
    excerpt.feed(this.batches[0].values);
    const session = await openModel(this.runtime, excerpt.build(missing), {
      keepQuantizers: true,
      threads: 1,
    });
    try {
      this.batches = await Promise.all(
        this.batches.map(async ({ values, ...batch }) => {
          const needed = session.inputs.map(({ name }) => [name, values[name]] as const);
          const made = await session.keep(Object.fromEntries(needed), missing, this.signal);
          return { ...batch, values: { ...values, ...this.hold(made) } };
        }),
      );
    } finally {
      await session.close();
    }
  }

  private hold(made: KeptTensors): KeptTensors {
    for (const each of Object.values(made)) this.held.add(each);
    return made;
  }

  private async release(tensors: readonly KeptTensor[]): Promise<void> {
    for (const each of tensors) this.held.delete(each);
    await this.runtime.release(tensors);
  }
}
