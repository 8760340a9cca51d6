/** What a machine is, from the files in which Linux describes it. */

import type { HostDescription } from './host';
import { instructionsOf } from './instructions';

const cpuInfo = '/proc/cpuinfo';
const board = '/proc/device-tree/model';
const governor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
const zones = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `/sys/class/thermal/thermal_zone${i}/temp`);

export const descriptiveFiles: readonly string[] = [cpuInfo, board, governor, ...zones];

export interface MachineFacts {
  /** `x86_64`, `aarch64`, `arm64` … */
  readonly architecture: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly load: number | null;
  /** Texts of the files above; null for those that are not there. */
  readonly files: Readonly<Record<string, string | null>>;
}

export function describeMachine(facts: MachineFacts): Omit<HostDescription, 'runtime'> {
  const { files, architecture, cores, memoryBytes, load } = facts;
  const cpu = files[cpuInfo] ?? '';
  const celsius = zones.map((file) => Number(files[file] ?? NaN) / 1000).filter((each) => each > 0);
  return {
    processor: processorOf(cpu, boardOf(files[board])),
    architecture: architectures[architecture] ?? architecture,
    cores,
    memoryBytes,
    instructions: instructionsOf(/^(?:flags|Features)\s*:(.*)$/m.exec(cpu)?.[1] ?? ''),
    governor: files[governor]?.trim() || null,
    load,
    celsius: celsius.length > 0 ? Math.max(...celsius) : null,
  };
}

/** As Node calls them. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  armv7l: 'arm',
  armv6l: 'arm',
};

/** `Cortex-A76 (Raspberry Pi 5 Model B Rev 1.0)`, `AMD EPYC 7763 64-Core Processor`. */
function processorOf(cpu: string, board: string | undefined): string {
  const parts = [...cpu.matchAll(/^CPU part\s*:\s*(0x[0-9a-f]+)$/gm)].map(([, part]) => part);
  const kinds = [...new Set(parts)].map((part) => coresOfArm[part]).filter(Boolean);
  const named = kinds.join(' + ') || /^model name\s*:\s*(.+)$/m.exec(cpu)?.[1].trim();
  if (named && board) return `${named} (${board})`;
  return named ?? board ?? 'unknown processor';
}

function boardOf(text: string | null | undefined): string | undefined {
  return text?.replaceAll('\0', '').trim() || undefined;
}

/** Part numbers of the main identification register (MIDR_EL1), from Arm's reference manuals. */
const coresOfArm: Readonly<Record<string, string>> = {
  '0xb76': 'ARM1176',
  '0xc07': 'Cortex-A7',
  '0xc09': 'Cortex-A9',
  '0xc0f': 'Cortex-A15',
  '0xd03': 'Cortex-A53',
  '0xd04': 'Cortex-A35',
  '0xd05': 'Cortex-A55',
  '0xd07': 'Cortex-A57',
  '0xd08': 'Cortex-A72',
  '0xd09': 'Cortex-A73',
  '0xd0a': 'Cortex-A75',
  '0xd0b': 'Cortex-A76',
  '0xd0c': 'Neoverse N1',
  '0xd0d': 'Cortex-A77',
  '0xd40': 'Neoverse V1',
  '0xd41': 'Cortex-A78',
  '0xd42': 'Cortex-A78AE',
  '0xd44': 'Cortex-X1',
  '0xd46': 'Cortex-A510',
  '0xd47': 'Cortex-A710',
  '0xd48': 'Cortex-X2',
  '0xd49': 'Neoverse N2',
  '0xd4d': 'Cortex-A715',
  '0xd4e': 'Cortex-X3',
  '0xd4f': 'Neoverse V2',
  '0xd80': 'Cortex-A520',
  '0xd81': 'Cortex-A720',
};
