/**
 * Test support: a training in a process of its own, which keeps checkpoints in a folder and says every
 * step it has made. At the end it writes the model.
 *
 *     node --import tsx killable-training.ts FOLDER
 */

import { join } from 'node:path';
import { writeModelFile } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import { tinyData, tinyModel, tinyOptions } from '../../train/testing/tiny-training';
import { train } from '../../train/train';
import { checkpointsBeside } from '../checkpoint-folder';

async function main(folder: string): Promise<void> {
  const runtime = await startRuntime();
  const checkpoints = checkpointsBeside(join(folder, 'coppice.yaml'));
  const options = { ...tinyOptions, epochs: 6, augmentation: { shift: 1, mixup: 0.5 } };
  const { model } = await train(tinyModel(), options, {
    ...{ runtime, checkpoints, checkpointSeconds: 0, data: tinyData(320), seed: 1 },
    signal: new AbortController().signal,
    progress: ({ step }) => process.stdout.write(`${step}\n`),
  });
  writeModelFile(model, join(folder, 'trained.onnx'));
  checkpoints.clear();
  await runtime.close();
}

void main(process.argv[2]);
