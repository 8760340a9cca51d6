/** How large a model is after general-purpose compression, as archives and web servers apply it. */

import { Gzip } from 'fflate';
import type { Model } from '../ir/model';
import { Encoding } from './encode';
import { inlineTensor } from './external-layout';

/** Bytes of the model as one file after gzip; nothing is kept but their number. */
export function compressedSize(model: Model): number {
  let size = 0;
  const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => (size += chunk.byteLength));
  const push = (bytes: Uint8Array): void => gzip.push(bytes);
  new Encoding(model, inlineTensor).writeTo({
    bytes: push,
    payload: (content) => push(content.read()),
  });
  gzip.push(new Uint8Array(), true);
  return size;
}
