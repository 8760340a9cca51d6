/** The rest of a model behind some layers, in one session that serves every trial of theirs. */

import type { Model } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { KeptTensors, NamedTensor, Runtime, Session } from '../../../runtime/runtime';

export class Suffix {
  /** The output that trials are judged by. */
  readonly output: string;
  private session?: Promise<Session>;

  /** @param start the values that it follows from; absent where nothing is left to compute. */
  constructor(
    private readonly model: Model,
    readonly start: readonly string[] | undefined,
    private readonly runtime: Runtime,
  ) {
    this.output = model.graph!.output[0].name!;
  }

  /** @param values those of `start` and any others, for the samples of one batch. */
  async run(values: KeptTensors, signal: AbortSignal): Promise<NamedTensor> {
    const session = await (this.session ??= this.open(values));
    const needed = session.inputs.map(({ name }) => [name, values[name]] as const);
    const results = await session.run(Object.fromEntries(needed), [this.output], signal);
    return results[this.output];
  }

  async close(): Promise<void> {
    await (await this.session)?.close();
  }

  private open(values: KeptTensors): Promise<Session> {
    const excerpt = new Excerpt(this.model);
    excerpt.feed(values);
    return openModel(this.runtime, excerpt.build([this.output]), {
      keepQuantizers: true,
      threads: 1,
    });
  }
}
