/** Writing the result where the recipe wants it, whole or not at all, and never over the source. */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { saveModel } from '../onnx/load';

/** @throws CoppiceError `same-file` when the output is the source. */
export function writeResult(model: Model, output: string, source: string): void {
  if (output === source) {
    throw new CoppiceError(
      'same-file',
      `The output ${output} is the model itself; choose another name.`,
    );
  }
  mkdirSync(dirname(output), { recursive: true });
  saveModel(model, output);
}
