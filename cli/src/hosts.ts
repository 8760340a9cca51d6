/** The options that say on which machine models are timed, and that machine. */

import { parseCores } from '#engine/device/host/cores';
import type { Host } from '#engine/device/host/host';
import { localHost } from '#engine/device/host/local';
import { sshHost } from '#engine/device/host/ssh';
import { parseSshAddress } from '#engine/device/host/ssh-address';
import { CoppiceError } from '#engine/ir/issue';
import type { Flag, Invocation } from './command';

const coresFlag: Flag = {
  name: 'cores',
  type: 'string',
  value: 'LIST',
  help: 'Pin the runtime to these cores, for example 4-7 (Linux).',
};

/** Those that only matter with --on. */
const remoteFlags: readonly Flag[] = [
  {
    name: 'on',
    type: 'string',
    value: 'ssh://USER@HOST',
    help: 'Time there instead of on this machine; needs python3 with onnxruntime or node with onnxruntime-node there.',
  },
  {
    name: 'remote-python',
    type: 'string',
    value: 'PATH',
    help: 'With --on: the Python to use there.',
  },
  { name: 'remote-node', type: 'string', value: 'PATH', help: 'With --on: the Node to use there.' },
  {
    name: 'install',
    type: 'boolean',
    help: 'With --on: install onnxruntime for the user there where it is missing.',
  },
];

export const hostFlags: readonly Flag[] = [coresFlag, ...remoteFlags];

/** @throws CoppiceError when nobody answers there, or no runtime is found. */
export async function hostOf({ flags, signal, terminal }: Invocation): Promise<Host> {
  const cores = typeof flags.cores === 'string' ? parseCores(flags.cores) : undefined;
  if (typeof flags.on !== 'string') {
    const lonely = remoteFlags.find(({ name }) => flags[name] !== undefined);
    if (lonely) throw new CoppiceError('usage', `--${lonely.name} needs --on ssh://USER@HOST.`);
    return localHost({ signal, cores });
  }
  const address = parseSshAddress(flags.on);
  const text = (name: string): string | undefined =>
    typeof flags[name] === 'string' ? flags[name] : undefined;
  terminal.progress(`connecting to ${address.host}`);
  return sshHost(address, {
    python: text('remote-python'),
    node: text('remote-node'),
    cores,
    install: flags.install === true,
    // For those who keep a configuration of their own for boards.
    config: process.env.COPPICE_SSH_CONFIG,
    signal,
    note: (message) => terminal.note(message),
  });
}
