/** One layer with other weights and inputs, and what comes behind it. */

import type { Model, Tensor } from '../../../ir/model';
import { freshNames } from '../../../ir/naming';
import { dimsOf, floats, makeTensor } from '../../../ir/tensor';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type {
  KeptTensor,
  KeptTensors,
  NamedTensor,
  Runtime,
  Session,
} from '../../../runtime/runtime';
import type { Suffix } from './suffix';
import type { Trial, TriedLayer } from './trials';

/** What is constant in a session. */
type Constants = Pick<Trial, 'weight' | 'bias'>;

export class AttemptedLayer {
  /** By the constants they hold, which several trials may have in common. */
  private readonly sessions: (Constants & { readonly session: Promise<Session> })[] = [];
  /** The name under which it is given what it reads. */
  private readonly input: string;

  constructor(
    private readonly model: Model,
    private readonly layer: TriedLayer,
    private readonly suffix: Suffix,
    private readonly runtime: Runtime,
    private readonly signal: AbortSignal,
  ) {
    this.input = freshNames(model.graph!)(`${layer.input}_read`);
  }

  /**
   * The model's output for one batch.
   *
   * @param values what the layer and everything behind it need of what comes before.
   * @param read what the layer reads, be it rounded or not.
   */
  async output(values: KeptTensors, read: KeptTensor, constants: Constants): Promise<NamedTensor> {
    const { suffix, signal } = this;
    const given = { ...values, [this.input]: read };
    const missing = suffix.start?.filter((name) => !(name in values)) ?? [suffix.output];
    // Nothing is missing where the layer only leads to outputs that are not judged.
    if (missing.length === 0) return suffix.run(values, signal);
    const session = await this.open(given, missing, constants);
    const needed = session.inputs.map(({ name }) => [name, given[name]] as const);
    const feeds = Object.fromEntries(needed);
    if (!suffix.start) return (await session.run(feeds, missing, signal))[suffix.output];
    const made = await session.keep(feeds, missing, signal);
    try {
      return await suffix.run({ ...values, ...made }, signal);
    } finally {
      await this.runtime.release(Object.values(made));
    }
  }

  async close(): Promise<void> {
    for (const { session } of this.sessions) await (await session).close();
  }

  private open(
    given: KeptTensors,
    wanted: readonly string[],
    { weight, bias }: Constants,
  ): Promise<Session> {
    const found = this.sessions.find((each) => each.weight === weight && each.bias === bias);
    if (found) return found.session;
    const excerpt = new Excerpt(this.detached({ weight, bias }));
    excerpt.feed(given);
    const part = excerpt.build(wanted);
    const session = openModel(this.runtime, part, { keepQuantizers: true, threads: 1 });
    this.sessions.push({ weight, bias, session });
    return session;
  }

  /** The model in which the layer has these constants and reads what it is given. */
  private detached({ weight, bias }: Constants): Model {
    const { model, layer, input } = this;
    const graph = model.graph!;
    const fresh = freshNames(graph);
    const constant = (tensor: Tensor, values = floats(tensor)): Tensor =>
      makeTensor(fresh(`${tensor.name}_tried`), 'float', dimsOf(tensor), values);
    const constants = [constant(layer.weight, weight)];
    if (layer.bias) constants.push(constant(layer.bias, bias));
    const names = constants.map(({ name }) => name!);
    const rest = layer.node.input.slice(1 + names.length);
    const tried = { ...layer.node, input: [input, ...names, ...rest] };
    const node = graph.node.map((each) => (each === layer.node ? tried : each));
    const initializer = [...graph.initializer, ...constants];
    return { ...model, graph: { ...graph, node, initializer } };
  }
}
