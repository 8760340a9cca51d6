import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Device, LinearCost } from './profile';
import { knownDevices } from './profiles';
import { loadDevices, saveDevice } from './store';

const cost = (feature: string): LinearCost => ({
  form: 'linear',
  classes: { Binary: { features: { one: 1, [feature]: 2 }, samples: 9, medianError: 0.1 } },
  perNode: 1,
  perRun: 8,
  scale: 1,
});

function machine(feature: string): Device {
  const [known] = knownDevices;
  return {
    ...known,
    id: 'my-machine',
    profiles: [{ ...known.profiles[0], origin: 'calibrated', cost: cost(feature) }],
  };
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-devices-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('devices of the user', () => {
  it('are read back as they were saved, before the known ones', async () => {
    const folder = await emptyFolder();
    await saveDevice(machine('macs'), folder);
    const { devices, issues } = await loadDevices([folder]);
    expect(issues).toEqual([]);
    expect(devices[0]).toEqual(machine('macs'));
    expect(devices.length).toBe(knownDevices.length + 1);
  });

  it('are left out where a file is damaged or counts what nobody knows', async () => {
    const folder = await emptyFolder();
    await saveDevice(machine('phlogiston'), folder);
    await writeFile(join(folder, 'torn.json'), '{"id": "to');
    const { devices, issues } = await loadDevices([folder]);
    expect(devices).toEqual(knownDevices);
    expect(issues.map(({ message }) => message)).toEqual([
      expect.stringMatching(/my-machine\.json.*"phlogiston".*coppice calibrate/),
      expect.stringMatching(/torn\.json/),
    ]);
  });
});
