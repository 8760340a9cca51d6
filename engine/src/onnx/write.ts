/**
 * Writing binary ONNX. What was read and not touched is written as it was, byte for byte; a file
 * appears under its name only when it is complete.
 */

import { basename, resolve } from 'node:path';
import { CoppiceError } from '../ir/issue';
import type { Model, Tensor } from '../ir/model';
import { replaceFiles } from './atomic-files';
import { Encoding } from './encode';
import { allTensors } from './external-data';
import { inlineTensor, layOutExternalData } from './external-layout';
import { FileSink, MemorySink } from './sinks';

export interface WriteOptions {
  /**
   * Whether weights go into `<file>.data` beside the model. `auto`, the default: above 1.5 GB, or
   * when the model had external data before.
   */
  readonly externalData?: boolean | 'auto';
}

/** From this size on weights leave the model; protobuf ends at 2 GiB. */
const largestInline = 1.5e9;
const protobufLimit = 2 ** 31 - 1;

/**
 * The model as one piece. External data that was attached when the model was read moves inside;
 * external data that was not stays a reference.
 *
 * @throws CoppiceError `model-too-large` above 2 GiB.
 */
export function encodeModel(model: Model): Uint8Array {
  const encoding = new Encoding(model, inlineTensor);
  checkSize(encoding.byteLength, 'Write it to a file with external data instead');
  const bytes = new Uint8Array(encoding.byteLength);
  encoding.writeTo(new MemorySink(bytes));
  return bytes;
}

/**
 * Writes the model to a file, and its weights to `<file>.data` where they are external. Weights that
 * lie in another file are copied from there piece by piece. On failure nothing changed.
 *
 * @throws CoppiceError `unwritable-file`, `model-too-large`, `file-changed`, or `external-data` when
 *   the model refers to data that could not be read.
 */
export function writeModelFile(model: Model, path: string, options: WriteOptions = {}): void {
  refuseMissingData(model, path);
  const inline = new Encoding(model, inlineTensor);
  const { externalData = 'auto' } = options;
  if (externalData === true || (externalData === 'auto' && prefersExternal(model, inline))) {
    writeWithData(model, resolve(path));
    return;
  }
  checkSize(inline.byteLength, 'Let its weights go to an external data file');
  replaceFiles([{ path: resolve(path), write: (file) => inline.writeTo(new FileSink(file)) }]);
}

function writeWithData(model: Model, path: string): void {
  const data = `${path}.data`;
  const { parts, substitute } = layOutExternalData(model, basename(data));
  const encoding = new Encoding(model, substitute);
  checkSize(encoding.byteLength, 'Its structure alone is larger than protobuf allows');
  replaceFiles([
    {
      path: data,
      write: (file) => {
        const sink = new FileSink(file);
        for (const { offset, content } of parts) {
          sink.padTo(offset);
          sink.payload(content);
        }
      },
    },
    { path, write: (file) => encoding.writeTo(new FileSink(file)) },
  ]);
}

function prefersExternal(model: Model, inline: Encoding): boolean {
  if (inline.byteLength > largestInline) return true;
  for (const tensor of allTensors(model)) if (tensor.external) return true;
  return false;
}

/** A reference that was refused, or whose file is missing, would be wrong at another place. */
function refuseMissingData(model: Model, path: string): void {
  for (const tensor of allTensors(model)) {
    if (tensor.dataLocation === 1 && !tensor.external && !hasInlineData(tensor)) {
      throw new CoppiceError(
        'external-data',
        `${path} cannot be written: the external data of tensor "${tensor.name ?? ''}" was not read. Put its data file beside the model and read it again.`,
      );
    }
  }
}

function hasInlineData(tensor: Tensor): boolean {
  return tensor.rawData !== undefined || tensor.externalData.length === 0;
}

function checkSize(byteLength: number, advice: string): void {
  if (byteLength <= protobufLimit) return;
  throw new CoppiceError(
    'model-too-large',
    `The model takes ${byteLength} bytes, and protobuf ends at ${protobufLimit}. ${advice}.`,
  );
}
