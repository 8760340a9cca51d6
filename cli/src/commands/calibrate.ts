/** `coppice calibrate`: measures a machine, so that latencies can be estimated for it. */

import { join } from 'node:path';
import { calibrate } from '#engine/device/calibrate/calibrate';
import { targetsOf } from '#engine/device/find-target';
import { parseSshAddress } from '#engine/device/host/ssh-address';
import { saveDevice, userDevicesFolder } from '#engine/device/store';
import { summaryOf } from '#engine/device/summary';
import { CoppiceError } from '#engine/ir/issue';
import type { Command, FlagValue, Invocation } from '../command';
import { devicesTable } from '../devices-table';
import { hostFlags, hostOf } from '../hosts';

export const calibrateCommand: Command = {
  name: 'calibrate',
  summary: 'Measures how fast a machine runs kernels, so that latencies can be estimated for it.',
  usage: 'coppice calibrate [--threads 1,2] [--quick] [--name NAME] [--on ssh://USER@HOST]',
  flags: [
    {
      name: 'threads',
      type: 'numbers',
      help: 'A profile is made for each of these numbers of threads. Default: 1.',
    },
    { name: 'quick', type: 'boolean', help: 'About ten seconds instead of a minute, less exact.' },
    { name: 'name', type: 'string', value: 'NAME', help: 'What people call the machine.' },
    {
      name: 'id',
      type: 'string',
      value: 'ID',
      help: 'Its name in --device. Default: this-machine; with --on, made of NAME or of HOST.',
    },
    { name: 'seed', type: 'number', help: 'Of the networks that are timed. Default: 0.' },
    ...hostFlags,
  ],
  run: async (invocation) => {
    const { flags, signal, terminal } = invocation;
    const folder = userDevicesFolder();
    const id = idOf(flags);
    const host = await hostOf(invocation);
    try {
      const device = await calibrate(host, {
        id,
        name: typeof flags.name === 'string' ? flags.name : undefined,
        threads: threadsOf(flags.threads),
        quick: flags.quick === true,
        seed: typeof flags.seed === 'number' ? flags.seed : 0,
        state: join(folder, '.calibration'),
        signal,
        progress: (message, fraction) => terminal.progress(message, fraction),
      });
      terminal.settle();
      const file = await saveDevice(device, folder);
      const summaries = targetsOf([device]).map(summaryOf);
      terminal.note(`Saved in ${file}.`);
      terminal.result(
        flags.json ? JSON.stringify(device) : devicesTable(summaries, terminal.width),
      );
      return 0;
    } finally {
      await host.close();
    }
  },
};

/** @throws CoppiceError `usage` for an id that no file could be called by. */
function idOf({ id, name, on }: Invocation['flags']): string {
  if (typeof id === 'string') {
    if (/^[a-z0-9][a-z0-9.-]*$/.test(id)) return id;
    throw new CoppiceError('usage', '--id is made of small letters, digits, dots and dashes.');
  }
  if (typeof on !== 'string') return 'this-machine';
  const words = typeof name === 'string' ? name : parseSshAddress(on).host.replace(/\.local$/, '');
  return (
    words
      .toLowerCase()
      .replace(/[^a-z0-9.]+/g, '-')
      .replace(/^[.-]+|-+$/g, '') || 'remote'
  );
}

function threadsOf(value: FlagValue | undefined): number[] {
  const threads = Array.isArray(value) ? (value as number[]) : [1];
  const wrong = threads.find((each) => !Number.isInteger(each) || each < 1);
  if (wrong === undefined) return threads;
  throw new CoppiceError('usage', `--threads takes whole numbers of at least 1, not ${wrong}.`);
}
