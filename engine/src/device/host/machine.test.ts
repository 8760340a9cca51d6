import { describe, expect, it } from 'vitest';
import { describeMachine, type MachineFacts } from './machine';

/** As Raspberry Pi OS shows them, shortened to what is read. */
const pi: MachineFacts = {
  architecture: 'aarch64',
  cores: 4,
  memoryBytes: 4 * 2 ** 30,
  load: 0.1,
  files: {
    '/proc/cpuinfo':
      'processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n' +
      'CPU implementer\t: 0x41\nCPU part\t: 0xd08\n',
    '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'ondemand\n',
    '/sys/class/thermal/thermal_zone0/temp': '48686\n',
  },
};

describe('a machine', () => {
  it('that is a board has the name of its cores and its own', () => {
    expect(describeMachine(pi)).toEqual({
      processor: 'Cortex-A72 (Raspberry Pi 4 Model B Rev 1.4)',
      architecture: 'arm64',
      cores: 4,
      memoryBytes: 4 * 2 ** 30,
      instructions: ['asimd'],
      governor: 'ondemand',
      load: 0.1,
      celsius: 48.686,
    });
  });

  it('with cores of two kinds names both', () => {
    const cpu = ['0xd05', '0xd05', '0xd0b'].map((part) => `CPU part\t: ${part}\n`).join('\n');
    const { processor } = describeMachine({ ...pi, files: { '/proc/cpuinfo': cpu } });
    expect(processor).toBe('Cortex-A55 + Cortex-A76');
  });

  it('of which nothing can be read is unknown, not an error', () => {
    expect(describeMachine({ ...pi, load: null, files: {} })).toMatchObject({
      processor: 'unknown processor',
      instructions: [],
      governor: null,
      celsius: null,
    });
  });
});
