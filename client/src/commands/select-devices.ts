/** *Coppice: Select Devices…*: for which devices hints and hovers show latencies. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { DeviceSummary } from '#protocol/device';
import { devicesRequest } from '#protocol/messages';
import type { Command } from '../context';
import { trustOf } from '../device-item';

export const selectDevices: Command = {
  id: commandIds.selectDevices,
  async run(context) {
    const { devices, chosen } = await context.request(devicesRequest, {});
    const picked = await vscode.window.showQuickPick(itemsOf(devices, chosen.devices), {
      title: 'Show latencies for',
      placeHolder: 'Choose one device or several; none for no latencies',
      canPickMany: true,
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (picked === undefined) return;
    const names = picked.flatMap(({ device }) => (device ? nameOf(device, devices) : []));
    await write(names);
  },
};

/** Separators carry no device. */
interface DeviceItem extends vscode.QuickPickItem {
  readonly device?: DeviceSummary;
}

/** Ways to run models on one device stand together. */
function itemsOf(
  devices: readonly DeviceSummary[],
  chosen: readonly DeviceSummary[],
): readonly DeviceItem[] {
  return devices.flatMap((device, i): DeviceItem[] => {
    const item: DeviceItem = {
      label: device.name,
      description: device.runtime,
      detail: [trustOf(device), ...device.notes].join(' · '),
      picked: chosen.some(({ id }) => id === device.id),
      device,
    };
    const isFirst = devices[i - 1]?.device !== device.device;
    const separator = { label: device.device, kind: vscode.QuickPickItemKind.Separator };
    return isFirst ? [separator, item] : [item];
  });
}

/** As short as it can be: the device alone means the first of its profiles. */
function nameOf({ id, device }: DeviceSummary, devices: readonly DeviceSummary[]): string {
  return devices.find((each) => each.device === device)?.id === id ? device : id;
}

/** What a model is for belongs to the project, where there is one. */
async function write(names: readonly string[]): Promise<void> {
  const { ConfigurationTarget } = vscode;
  const isProject = (vscode.workspace.workspaceFolders?.length ?? 0) > 0;
  await vscode.workspace
    .getConfiguration('coppice')
    .update(
      'devices',
      names,
      isProject ? ConfigurationTarget.Workspace : ConfigurationTarget.Global,
    );
}
