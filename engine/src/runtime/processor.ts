/** What can be told of this machine's processor: its name, and whether it adds products of bytes exactly. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Processor {
  /** As the machine calls it, for example `AMD EPYC 7763 64-Core Processor`. */
  readonly name: string;
  readonly isX86: boolean;
  /**
   * The instructions that multiply bytes and add to 32 bits (VNNI) as the machine names them; '' where
   * it has none, undefined where it does not tell.
   */
  readonly vnni?: string;
}

/** Never throws: what the machine does not say stays unknown. */
export function processor(): Processor {
  const name = cpus()[0]?.model.trim() || 'unknown processor';
  const isX86 = process.arch === 'x64' || process.arch === 'ia32';
  if (!isX86) return { name, isX86 };
  return { name, isX86, vnni: vnniOf(featureText(process.platform)) };
}

/** @param features the flags of the processor, in whatever spelling; undefined where there are none. */
export function vnniOf(features: string | undefined): string | undefined {
  if (features === undefined) return undefined;
  return /\b(avx512_?vnni|avx_?vnni)\b/i.exec(features)?.[1] ?? '';
}

/** Windows has no list of flags that a program without native code could read. */
function featureText(platform: string): string | undefined {
  try {
    if (platform === 'linux') {
      return /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[0];
    }
    if (platform === 'darwin') {
      const names = ['machdep.cpu.features', 'machdep.cpu.leaf7_features'];
      return execFileSync('sysctl', ['-n', ...names], { encoding: 'utf8', timeout: 2000 });
    }
  } catch {
    // A container may hide the file, and a sandbox the command.
  }
  return undefined;
}
