/** From what a person calls a device to a profile. */

import { CoppiceError } from '../ir/issue';
import { targetId, variantOf, type Device, type Target } from './profile';

/** Every profile of every device, in the order of the registry. */
export function targetsOf(devices: readonly Device[]): Target[] {
  return devices.flatMap((device) => device.profiles.map((profile) => ({ device, profile })));
}

/**
 * @param name `raspberry-pi-4` (its first profile), or with the variant:
 * `raspberry-pi-4/ncnn-cpu-t1-fp32`, of which a beginning is enough where it decides.
 * @throws CoppiceError for a name that no device has, with those that there are.
 */
export function findTarget(name: string, devices: readonly Device[]): Target {
  const [id, variant] = name.split('/', 2);
  const device = devices.find((each) => each.id === id);
  if (!device) {
    const known = devices.map((each) => each.id).join(', ');
    throw new CoppiceError('unknown-device', `There is no device "${id}". There are: ${known}.`);
  }
  const profile = device.profiles.find((each) => !variant || variantOf(each).startsWith(variant));
  if (!profile) {
    const known = device.profiles.map((each) => targetId({ device, profile: each })).join(', ');
    throw new CoppiceError(
      'unknown-device',
      `${device.name} has no profile "${variant}". There are: ${known}.`,
    );
  }
  return { device, profile };
}
