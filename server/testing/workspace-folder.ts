/** Folders for tests: the example as it is, copied, or files made for one test. */

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

export const example = resolve(__dirname, '../../examples/fashion');
export const exampleModel = join(example, 'models/fashion.onnx');

/** A folder that is gone after the test, with these files; `null` stands for a copy of the example's model. */
export function folderWith(files: Readonly<Record<string, string | null>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'coppice-server-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (text === null) cpSync(exampleModel, path);
    else writeFileSync(path, text);
  }
  return folder;
}

/** A copy of the example without what earlier runs left in it. */
export function exampleCopy(): string {
  const folder = folderWith({});
  cpSync(example, folder, {
    recursive: true,
    filter: (source) => !/[\\/](\.coppice|build)$/.test(source),
  });
  return folder;
}
