/** `coppice devices`: what latencies can be estimated for. */

import { targetsOf } from '#engine/device/find-target';
import { loadDevices } from '#engine/device/store';
import { summaryOf } from '#engine/device/summary';
import type { Command } from '../command';
import { devicesTable } from '../devices-table';

export const devicesCommand: Command = {
  name: 'devices',
  summary: 'Lists the devices that latency can be estimated for, with the error to expect.',
  usage: 'coppice devices',
  flags: [],
  run: async ({ flags, terminal }) => {
    const { devices, issues } = await loadDevices();
    const summaries = targetsOf(devices).map(summaryOf);
    if (flags.json) terminal.result(JSON.stringify({ devices: summaries, issues }));
    else {
      for (const { message } of issues) terminal.note(message);
      terminal.result(devicesTable(summaries, terminal.width));
    }
    return 0;
  },
};
