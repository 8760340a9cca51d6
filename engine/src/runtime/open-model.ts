/** Opens a session on a model in whatever form it is at hand. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../ir/model';
import { tensorBytes } from '../ir/tensor';
import { encodeModel, writeModelFile } from '../onnx/write';
import type { Runtime, Session, SessionOptions } from './runtime';

/** A model, its bytes, or the path of its file. */
export type ModelSource = Model | Uint8Array | string;

/** What is encoded in memory and sent; larger weights go through a temporary file. */
const largestInMemory = 1.5e9;

/** @throws CoppiceError naming the model when the runtime cannot open it. */
export async function openModel(
  runtime: Runtime,
  source: ModelSource,
  options: SessionOptions = {},
): Promise<Session> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    return runtime.open(source, options);
  }
  const label = options.label ?? source.graph?.name ?? 'the model in memory';
  const encoded = encodeOnce(source);
  return encoded instanceof Uint8Array
    ? runtime.open(encoded, { ...options, label })
    : openThroughFile(runtime, source, { ...options, label });
}

/** The bytes of a model that is opened several times; what is too large for that stays as it is. */
export function encodeOnce(source: ModelSource): ModelSource {
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  const weights = source.graph?.initializer.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  return (weights ?? 0) <= largestInMemory ? encodeModel(source) : source;
}

/** The runtime maps external data, so the files stay until the session is closed. */
async function openThroughFile(
  runtime: Runtime,
  model: Model,
  options: SessionOptions,
): Promise<Session> {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'model.onnx');
    writeModelFile(model, path, { externalData: true });
    const session = await runtime.open(path, options);
    return { ...session, close: () => session.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
