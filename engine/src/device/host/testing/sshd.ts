/** A real ssh server on loopback, for the current user, with keys and settings in a folder of its own. */

import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SshAddress } from '../ssh-address';

/** sshd wants its full path. */
const sshd = find('sshd', '/usr/sbin', '/usr/local/sbin');

export const sshIsInstalled =
  sshd !== undefined && ['ssh', 'ssh-keygen'].every((name) => find(name));

function find(name: string, ...more: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...more];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

export interface Sshd {
  readonly address: SshAddress;
  /** Configuration of ssh with the right key; of one that is not authorized; that knows no host key. */
  readonly config: string;
  readonly strangerConfig: string;
  readonly ignorantConfig: string;
  /** Where programs that are run through it keep temporary files. */
  readonly temporary: string;
  /** Ends all logins, as when a network goes away, and says how many; new ones are accepted. */
  drop(): number;
  /** Ends the logins and takes no new ones. */
  stop(): void;
  /** Removes its folder, too. */
  close(): void;
}

/** @param env set in every login. */
export async function startSshd(env: Readonly<Record<string, string>>): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-sshd-'));
  const file = (name: string): string => join(folder, name);
  for (const name of ['host', 'user', 'stranger']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  }
  const { username, uid } = userInfo();
  // Where it drops its privileges, which it only has when it is started by root.
  if (uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const temporary = file('tmp');
  mkdirSync(temporary);
  const port = await freePort();
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: file('host'),
    AuthorizedKeysFile: file('user.pub'),
    PidFile: file('pid'),
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'yes',
    // Login shells may print something first.
    ForceCommand: 'echo Welcome; eval "$SSH_ORIGINAL_COMMAND"',
    SetEnv: Object.entries({ ...env, TMPDIR: temporary })
      .map(([name, value]) => `${name}="${value}"`)
      .join(' '),
  };
  writeSettings(file('sshd_config'), settings);
  const hostKey = readFileSync(file('host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(file('known'), `[127.0.0.1]:${port} ${hostKey}\n`);
  const client = (name: string, key: string, known: string): string => {
    writeSettings(file(name), {
      IdentityFile: file(key),
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: file(known),
      GlobalKnownHostsFile: '/dev/null',
    });
    return file(name);
  };
  const server = spawn(sshd!, ['-D', '-e', '-f', file('sshd_config')], { stdio: 'ignore' });
  await listening(port);
  const drop = (): number => childrenOf(server.pid!).filter(kill).length;
  const stop = (): void => {
    drop();
    server.kill('SIGKILL');
  };
  return {
    address: { host: '127.0.0.1', port, user: username },
    config: client('config', 'user', 'known'),
    strangerConfig: client('stranger_config', 'stranger', 'known'),
    ignorantConfig: client('ignorant_config', 'user', 'unknown'),
    temporary,
    drop,
    stop,
    close: () => {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeSettings(path: string, settings: Readonly<Record<string, string | number>>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(path, lines.join(''), { mode: 0o600 });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  for (let attempts = 0; attempts < 100; attempts++) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => socket.destroy());
      socket.on('connect', () => socket.end());
    });
    if (accepted) return;
    await delay(50);
  }
  throw new Error('sshd does not listen.');
}

/** False for a process that has just ended. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Each login is served by a process below the server. */
function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(fields[1]) === parent;
    } catch {
      return false;
    }
  });
}
