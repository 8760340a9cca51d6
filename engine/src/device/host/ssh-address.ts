/** `ssh://user@host:port`: a machine as the command line names it. */

import { CoppiceError } from '../../ir/issue';

export interface SshAddress {
  /** A name, an address, or an alias of the person's ssh configuration. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** A beginning with `-` would be an option to ssh; the rest is what names and addresses are made of. */
const userName = String.raw`[\w][\w.-]*`;
const hostName = String.raw`[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]`;
const form = new RegExp(`^ssh://(?:(${userName})@)?(${hostName})(?::(\\d{1,5}))?/?$`);

/** @throws CoppiceError `usage`, without repeating a password that somebody put into the address. */
export function parseSshAddress(text: string): SshAddress {
  if (/:[^/]*@/.test(text.replace(/^ssh:\/\//, ''))) {
    throw new CoppiceError(
      'usage',
      'An address may not hold a password. Give the machine your public key (`ssh-copy-id`).',
    );
  }
  const match = form.exec(text);
  const [, user, host = '', digits] = match ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (!match || port === 0 || (port ?? 0) > 65535) {
    throw new CoppiceError(
      'usage',
      `"${text}" is no address. Write ssh://user@host or ssh://user@host:port.`,
    );
  }
  return { host: host.replace(/^\[|\]$/g, ''), user, port };
}

/** `pi@raspberrypi.local:2222`. */
export function nameOf({ user, host, port }: SshAddress): string {
  const address = host.includes(':') && port ? `[${host}]` : host;
  return `${user ? `${user}@` : ''}${address}${port ? `:${port}` : ''}`;
}

/** The command by which a person logs in there. */
export function loginCommand({ user, host, port }: SshAddress): string {
  return `ssh ${port ? `-p ${port} ` : ''}${user ? `${user}@` : ''}${host}`;
}
