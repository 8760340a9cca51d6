/** The teacher beside the steps: its outputs are what losses compare with. */

import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { exposeOutputs } from '../runtime/expose-outputs';
import type { Feeds, NamedTensor, Runtime, Session } from '../runtime/runtime';

export interface Teacher {
  /** The wanted values for these images, by their names in the teacher. */
  ask(images: NamedTensor, signal: AbortSignal): Promise<Feeds>;
  close(): Promise<void>;
}

/** @param values what losses read of it, by name. */
export async function openTeacher(
  model: Model,
  values: readonly string[],
  { runtime, directory }: { readonly runtime: Runtime; readonly directory?: string },
): Promise<Teacher> {
  const own = new Set(model.graph!.output.map(({ name }) => name));
  const exposed = exposeOutputs(
    model,
    values.filter((name) => !own.has(name)),
  );
  const output = exposed.graph!.output.filter(({ name }) => values.includes(name!));
  const only = { ...exposed, graph: { ...exposed.graph!, output } };
  const session: Session = await runtime.open(encodeModel(only), {
    directory,
    label: 'the teacher',
  });
  const input = session.inputs[0].name;
  return {
    ask: (images, signal) => session.run({ [input]: images }, undefined, signal),
    close: () => session.close(),
  };
}
