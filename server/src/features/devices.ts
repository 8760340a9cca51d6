/** Which devices there are, which are chosen, and what a model takes on each. */

import { devicesNotification, devicesRequest, latencyRequest } from '#protocol/messages';
import type { ChosenDevices } from '#protocol/messages';
import { summaryOf } from '#engine/device/summary';
import type { Workspace } from '../workspace';
import { fileOf, onRequest } from './custom-request';
import type { Feature } from './feature';

export const devices: Feature = {
  id: 'devices',
  capabilities: {},
  register(server) {
    const { connection, workspace } = server;
    onRequest(server, devicesRequest, async () => {
      // Whoever asks for all of them may have just made one.
      await workspace.devices.read();
      return {
        devices: workspace.devices.targets.map(summaryOf),
        chosen: chosenDevices(workspace),
      };
    });
    onRequest(server, latencyRequest, async ({ uri }) => ({
      estimates: await workspace.latency.read(fileOf(uri), workspace.devices.targets),
    }));
    let told = '';
    workspace.onDidChange((document) => {
      if (document) return;
      const chosen = chosenDevices(workspace);
      const telling = JSON.stringify(chosen);
      if (telling === told) return;
      told = telling;
      void connection.sendNotification(devicesNotification.method, chosen);
    });
  },
};

function chosenDevices({ devices: list, settings }: Workspace): ChosenDevices {
  const found = settings.devices.map((name) => ({ name, target: list.find(name) }));
  return {
    devices: found.flatMap(({ target }) => (target ? summaryOf(target) : [])),
    unknown: found.flatMap(({ name, target }) => (target ? [] : name)),
  };
}
