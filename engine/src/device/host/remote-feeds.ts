/** The values that a model is timed on, as another machine gets them: by name and type, in raw bytes. */

import { dataTypeName } from '../../ir/data-type';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { exampleShapes } from '../../inspect/sized-types';
import { seededRandom } from '../../linalg/random';
import { exampleFeeds } from '../../runtime/feeds';
import { toOrt } from '../../runtime/ort-tensor';
import type { SessionInput } from '../../runtime/runtime';

export interface RemoteFeeds {
  /** `type` is what NumPy and the binding for Node call it, for example `float32`. */
  readonly feeds: readonly {
    readonly name: string;
    readonly type: string;
    readonly dims: readonly number[];
  }[];
  readonly parts: readonly Uint8Array[];
}

/** The same values as on this machine. */
export function remoteFeeds(model: Model, seed: number): RemoteFeeds {
  const made = exampleFeeds(
    { inputs: inputsOf(model) },
    seededRandom(seed),
    {},
    exampleShapes(model),
  );
  const tensors = Object.entries(made).map(([name, tensor]) => ({ name, ...toOrt(name, tensor) }));
  return {
    feeds: tensors.map(({ name, type, dims }) => ({ name, type, dims })),
    parts: tensors.map(({ data }) => {
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      return new Uint8Array(buffer, byteOffset, byteLength);
    }),
  };
}

/** What has to be fed: an input with an initializer of its name has its value. */
function inputsOf({ graph }: Model): SessionInput[] {
  const given = new Set(graph?.initializer.map(({ name }) => name));
  const open = (graph?.input ?? []).filter(({ name }) => !given.has(name));
  return open.map(({ name = '', type }) => {
    const dtype = dataTypeName(type?.tensorType?.elemType);
    if (dtype) return { name, type: dtype, dims: [] };
    throw new CoppiceError('input-type', `Its input "${name}" is not a tensor.`);
  });
}
