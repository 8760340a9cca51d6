/** What makes a training the same training: a hash of everything that decides its result. */

import { createHash } from 'node:crypto';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import type { State } from './state';

/**
 * @param step the graph of a step, as bytes.
 * @param rest what else decides; its keys in the same order each time.
 */
export function identityOf(
  step: Uint8Array,
  first: State,
  teacher: Model | undefined,
  rest: unknown,
): string {
  const hash = createHash('sha256').update(step);
  for (const { data } of Object.values(first)) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  if (teacher) hash.update(encodeModel(teacher));
  return hash.update(JSON.stringify(rest)).digest('hex');
}
