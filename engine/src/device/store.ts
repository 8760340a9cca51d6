/**
 * The devices of this user: files that calibration wrote, or that a team keeps beside its models.
 * A device of the same id as a known one stands before it, because what was measured here is
 * nearer to the truth than what was published.
 */

import { homedir } from 'node:os';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Issue } from '../ir/issue';
import { features } from './cost/features';
import { deviceSchema, variantOf, type Device } from './profile';
import { knownDevices } from './profiles';

/** `~/.coppice/devices`, or `devices` of the folder that the environment variable names. */
export function userDevicesFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.COPPICE_HOME ?? join(homedir(), '.coppice'), 'devices');
}

/**
 * All devices: those of the folders, in their order, before the known ones. A file that cannot be
 * read is an issue; a folder that does not exist is empty.
 */
export async function loadDevices(
  folders: readonly string[] = [userDevicesFolder()],
): Promise<{ devices: readonly Device[]; issues: readonly Issue[] }> {
  const issues: Issue[] = [];
  const read: Device[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
      const found = await readDevice(join(folder, name));
      if ('id' in found) read.push(found);
      else issues.push(found);
    }
  }
  return { devices: merged([...read, ...knownDevices]), issues };
}

/** Profiles of one device together; of several for the same way to run models, the first. */
function merged(devices: readonly Device[]): Device[] {
  const byId = new Map<string, Device>();
  for (const device of devices) {
    const before = byId.get(device.id);
    const profiles = [...(before?.profiles ?? [])];
    for (const profile of device.profiles) {
      if (!profiles.some((each) => variantOf(each) === variantOf(profile))) profiles.push(profile);
    }
    byId.set(device.id, { ...device, ...before, profiles });
  }
  return [...byId.values()];
}

async function readDevice(file: string): Promise<Device | Issue> {
  const problem = (cause: string): Issue => ({
    severity: 'warning',
    code: 'device-file',
    message: `The device file ${file} is left out: ${cause}. Mend it, or make it anew with \`coppice calibrate\`.`,
    file,
  });
  try {
    const parsed = deviceSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (parsed.success) {
      const unknown = unknownFeature(parsed.data);
      if (unknown === undefined) return parsed.data;
      return problem(`it counts "${unknown}", which this version of Coppice does not know`);
    }
    const [{ path, message }] = parsed.error.issues;
    return problem(`${path.join('.') || 'the file'}: ${message}`);
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}

/** A quantity that would silently cost nothing: the file is of another version. */
function unknownFeature({ profiles }: Device): string | undefined {
  return profiles
    .flatMap(({ cost }) => (cost.form === 'linear' ? Object.values(cost.classes) : []))
    .flatMap((rates) => Object.keys(rates.features))
    .find((name) => !Object.hasOwn(features, name));
}

/** Writes a device beside its final place first, so that no reader ever sees half of it. */
export async function saveDevice(device: Device, folder = userDevicesFolder()): Promise<string> {
  const file = join(folder, `${device.id}.json`);
  const draft = `${file}.${process.pid}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(draft, `${JSON.stringify(device, null, 2)}\n`);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
  return file;
}
