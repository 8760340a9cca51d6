/**
 * From version 1.29 on, official builds of ONNX Runtime for Linux send what they know of the models
 * they open to Microsoft. Where that is on, files of it appear in the folder for temporary files.
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startRuntime } from './client';

const model = resolve(__dirname, '../../../examples/fashion/models/fashion.onnx');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-telemetry-'));
  vi.stubEnv('TMPDIR', folder);
  // Either would silence the runtime by itself.
  vi.stubEnv('CI', undefined);
  vi.stubEnv('ORT_DISABLE_TELEMETRY', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('tells nobody which models are opened', async () => {
  const runtime = await startRuntime();
  await runtime.open(model);
  await runtime.close();
  expect(readdirSync(folder)).toEqual([]);
});
