/**
 * The devices that there are: the known ones from the start, and those in the user's folder once it
 * was read; again whenever something in it changes.
 */

import { unwatchFile, watchFile } from 'node:fs';
import { findTarget, targetsOf } from '#engine/device/find-target';
import type { Device, Target } from '#engine/device/profile';
import { knownDevices } from '#engine/device/profiles/index';
import { loadDevices, userDevicesFolder } from '#engine/device/store';
import type { Issue } from '#engine/ir/issue';

/** How often the folder is looked at, in milliseconds. It may not exist yet, so it is not watched. */
const interval = 2000;

export class DeviceList {
  private devices: readonly Device[] = knownDevices;
  private found: readonly Issue[] = [];
  private readonly listen = (): void => void this.read();

  /** @param onChange called when there are others, or other figures. */
  constructor(
    private readonly onChange: () => void,
    private readonly folder = userDevicesFolder(),
  ) {}

  start(): void {
    watchFile(this.folder, { interval, persistent: false }, this.listen);
    void this.read();
  }

  close(): void {
    unwatchFile(this.folder, this.listen);
  }

  get all(): readonly Device[] {
    return this.devices;
  }

  /** Every profile of every device; those of the user first. */
  get targets(): readonly Target[] {
    return targetsOf(this.devices);
  }

  /** Files of the folder that could not be read. */
  get issues(): readonly Issue[] {
    return this.found;
  }

  /** Undefined for a name that no device has. */
  find(name: string): Target | undefined {
    try {
      return findTarget(name, this.devices);
    } catch {
      return undefined;
    }
  }

  async read(): Promise<void> {
    const { devices, issues } = await loadDevices([this.folder]);
    this.found = issues;
    if (JSON.stringify(devices) === JSON.stringify(this.devices)) return;
    this.devices = devices;
    this.onChange();
  }
}
