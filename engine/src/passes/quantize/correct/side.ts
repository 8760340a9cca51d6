/** One of the two models that a correction compares, at the layer at hand. */

import type { Model, Node } from '../../../ir/model';
import { Excerpt, settledValues } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime, Session } from '../../../runtime/runtime';
import type { Frontier } from '../../recovery/frontier';

/** What is computed behind values of the model: adds nodes and names what they give. */
export type Probe = (excerpt: Excerpt, node: Node) => readonly string[];

export class Side {
  /**
   * @param pending the layer's node in this model and those of the layers after it: what none of them
   *   changes is kept, so that the next layer's run begins there.
   */
  constructor(
    private readonly model: Model,
    private readonly pending: readonly Node[],
    private readonly frontier: Frontier,
    private readonly runtime: Runtime,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The results of a probe for each calibration batch.
   *
   * @param own feeds for inputs that the probe added, by the number of the batch.
   */
  async *each(
    probe: Probe,
    own: (batch: number) => Feeds = () => ({}),
  ): AsyncGenerator<readonly NamedTensor[]> {
    const { model, pending, frontier, runtime, signal } = this;
    frontier.request(settledValues(model.graph!, pending));
    let outputs: readonly string[] = [];
    let session: Session | undefined;
    try {
      let batch = 0;
      for await (const feeds of frontier.each(signal)) {
        if (!session) {
          const excerpt = new Excerpt(model);
          excerpt.feed(feeds);
          outputs = probe(excerpt, pending[0]);
          const all = new Set([...outputs, ...frontier.missing(feeds)]);
          session = await openModel(runtime, excerpt.build([...all]), { keepQuantizers: true });
        }
        const results = await session.run({ ...feeds, ...own(batch++) }, undefined, signal);
        frontier.take(feeds, results);
        yield outputs.map((name) => results[name]);
      }
    } finally {
      await session?.close();
    }
    frontier.settle();
  }
}
