/**
 * Reading binary ONNX: the structure at once, the weights when somebody asks for them. A file that
 * is broken or no ONNX at all gives what could be read, and issues.
 */

import { dirname } from 'node:path';
import type { Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { FileSource, MemorySource, type ByteSource } from './byte-source';
import { decodeModel } from './decode';
import { attachExternalData } from './external-data';
import { foreignFormat } from './foreign-format';

export interface ReadOptions {
  /**
   * The folder in which external data may lie. By default that of the model file; a model in memory
   * has none, and its external tensors stay without data.
   */
  readonly folder?: string;
}

export interface ReadResult {
  readonly model: Model;
  readonly issues: Issue[];
}

/**
 * Reads the structure of a model file. Its tensors refer to the file: they can be read as long as it
 * does not change.
 *
 * @throws CoppiceError `file-not-found`, `not-a-file` or `unreadable-file`.
 */
export function readModelFile(path: string, options: ReadOptions = {}): ReadResult {
  const source = new FileSource(path);
  const folder = options.folder ?? dirname(path);
  const { model, issues } = source.open(() => read(source, folder));
  return { model, issues: issues.map((issue) => ({ ...issue, file: path })) };
}

/** Reads a model from memory. Its tensors share memory with `bytes`. */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): ReadResult {
  return read(new MemorySource(bytes), options.folder);
}

function read(source: ByteSource, folder: string | undefined): ReadResult {
  const foreign = foreignFormat(source.slice(0, Math.min(512, source.byteLength)));
  if (foreign) return { model: emptyModel(), issues: [foreign] };
  const { model, issues } = decodeModel(source);
  if (folder !== undefined) issues.push(...attachExternalData(model, folder));
  return { model, issues };
}

function emptyModel(): Model {
  return { opsetImport: [], metadataProps: [], functions: [] };
}
