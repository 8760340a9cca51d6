/** Finds the real models that lie beside the project, for tests that can use them. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.cwd(), '..', 'shared', 'models');

/** Paths of the models; empty where the folder does not exist. */
export const sharedModels: readonly string[] = existsSync(folder)
  ? (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => name.endsWith('.onnx'))
      .sort()
      .map((name) => join(folder, name))
  : [];

export function sharedModel(name: string): string {
  return join(folder, name);
}
