/** The devices that Coppice knows; `bench/device` makes the figures of their files. */

import { deviceSchema, type Device } from '../profile';
import raspberryPi4 from './raspberry-pi-4.json';

/** Parsed, so that a file that does not keep to the schema is found by the first test that runs. */
export const knownDevices: readonly Device[] = [raspberryPi4].map((file) =>
  deviceSchema.parse(file),
);
