/** A GPU in software: SwiftShader, which Chromium for Linux brings along, with a loader for Vulkan. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';

const folder = '/usr/lib/chromium';
const driver = join(folder, 'vk_swiftshader_icd.json');
const hasOne = existsSync(driver) && existsSync(join(folder, 'libvulkan.so.1'));

/** For the titles of tests that need it: why they are skipped, or on what they run. */
export const softwareGpu = {
  isThere: hasOne,
  title: hasOne ? 'SwiftShader' : `skipped: no SwiftShader in ${folder}, install Chromium`,
};

/** A runtime whose GPU it is. */
export function startOnSoftwareGpu(): Promise<Runtime> {
  return startWith({ LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver });
}

/** A runtime that finds no GPU, on any Linux. */
export function startWithoutGpu(): Promise<Runtime> {
  return startWith({ VK_ICD_FILENAMES: '/there/is/none' });
}

/** The loaders of libraries and drivers read their variables when a process starts. */
async function startWith(variables: Readonly<Record<string, string>>): Promise<Runtime> {
  const before = process.env;
  process.env = { ...before, ...variables };
  try {
    return await startRuntime();
  } finally {
    process.env = before;
  }
}
