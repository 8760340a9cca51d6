/** The option `--device` and what it stands for. */

import { findTarget } from '#engine/device/find-target';
import type { Target } from '#engine/device/profile';
import { loadDevices } from '#engine/device/store';
import type { Flag, FlagValue, Terminal } from './command';

export const deviceFlag: Flag = {
  name: 'device',
  type: 'string',
  value: 'ID',
  help: 'Estimate latency for this device; `coppice devices` lists them.',
};

/**
 * The target that the option names; undefined where it was not given.
 *
 * @throws CoppiceError for a device that does not exist.
 */
export async function targetOf(
  flag: FlagValue | undefined,
  terminal: Terminal,
): Promise<Target | undefined> {
  if (flag === undefined) return undefined;
  const { devices, issues } = await loadDevices();
  for (const { message } of issues) terminal.note(message);
  return findTarget(String(flag), devices);
}
