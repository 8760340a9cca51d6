/** One door for both spellings of a model: binary ONNX, and ONNX text by its file extensions. */

import { readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { CoppiceError, isError } from '../ir/issue';
import type { Model } from '../ir/model';
import { validateModel } from '../ir/validate';
import { replaceFiles } from './atomic-files';
import { FileSource } from './byte-source';
import { attachExternalData } from './external-data';
import { readModelFile, type ReadResult } from './read';
import { parseModel } from './text/parse';
import { printModel } from './text/print';
import { FileSink } from './sinks';
import { writeModelFile, type WriteOptions } from './write';

/** The extensions that ONNX registers for its text syntax. */
const textExtensions = ['.onnxtxt', '.onnxtext'];

/** Text longer than this is no model that a person wrote, and may not fit into a string. */
const longestText = 2 ** 28;

/**
 * Reads a model and validates what could be read.
 *
 * @throws CoppiceError `file-not-found`, `not-a-file`, `unreadable-file`, `text-too-long`.
 */
export function loadModel(path: string): ReadResult {
  const read = isTextModel(path) ? readText(path) : readModelFile(path);
  // What is missing in a structure that could not be read whole has its reason there.
  if (read.issues.some((issue) => isError(issue) && issue.code !== 'external-data')) return read;
  const found = validateModel(read.model).map((issue) => ({ ...issue, file: path }));
  return { model: read.model, issues: [...read.issues, ...found] };
}

/** Writes a model as text or binary, as the extension says. */
export function saveModel(model: Model, path: string, options: WriteOptions = {}): void {
  if (!isTextModel(path)) return writeModelFile(model, path, options);
  // References would point nowhere from another folder, and a text is there to be complete.
  const text = new TextEncoder().encode(printModel(model, { inlineExternal: true }));
  replaceFiles([{ path: resolve(path), write: (file) => new FileSink(file).bytes(text) }]);
}

export function isTextModel(path: string): boolean {
  return textExtensions.includes(extname(path).toLowerCase());
}

function readText(path: string): ReadResult {
  const { byteLength } = new FileSource(path);
  if (byteLength > longestText) {
    throw new CoppiceError(
      'text-too-long',
      `${path} has ${byteLength} bytes; models of that size are kept as binary .onnx.`,
    );
  }
  const { model, issues } = parseModel(readFileSync(path, 'utf8'));
  const found = [...issues, ...attachExternalData(model, dirname(path))];
  return { model, issues: found.map((issue) => ({ ...issue, file: path })) };
}
