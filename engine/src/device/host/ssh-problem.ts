/** What ssh's last words mean, and what a person can do. */

import { CoppiceError } from '../../ir/issue';
import { withoutRuntime } from './ssh-command';
import { loginCommand, nameOf, type SshAddress } from './ssh-address';

/** The other machine is away, perhaps only for a while; whatever was open there is gone. */
export class ConnectionLost extends CoppiceError {
  constructor(message: string) {
    super('connection-lost', message);
  }
}

/** The exit code of ssh itself, when no command on the other side has given one. */
const ofSsh = 255;

/**
 * @param code null when ssh could not be started or was killed.
 * @param words what came on its error output.
 */
export function problemOf(address: SshAddress, code: number | null, words: string): CoppiceError {
  const name = nameOf(address);
  const login = `\`${loginCommand(address)}\``;
  const said = lastLines(words);
  const quoted = said ? ` (${said})` : '';
  if (code === withoutRuntime) return new CoppiceError('remote-runtime', missing(name, said));
  if (/IDENTIFICATION HAS CHANGED/.test(words)) {
    return new CoppiceError(
      'host-key',
      `The host key of ${name} is another one than last time. If the machine was set up anew, ` +
        `remove the old key (\`ssh-keygen -R ${address.host}\`) and log in once by hand, ${login}; ` +
        'if not, somebody else may be answering.',
    );
  }
  if (/Host key verification failed/.test(words)) {
    return new CoppiceError(
      'host-key',
      `The host key of ${name} is not known yet. Log in once by hand, ${login}, compare the ` +
        "fingerprint with the machine's, and accept it.",
    );
  }
  if (/Permission denied|Too many authentication failures/.test(words)) {
    return new CoppiceError(
      'login-refused',
      `${name} refused the login${quoted}. Coppice asks for no passwords: give the machine your ` +
        `public key (\`ssh-copy-id\`), or load its key into the agent, until ${login} asks nothing.`,
    );
  }
  if (code === 0) return new ConnectionLost(`${name} ended the connection${quoted}.`);
  if (code === ofSsh || code === null) {
    return new ConnectionLost(`${name} cannot be reached${quoted}. Try ${login}.`);
  }
  const end = code > 128 ? `was ended by signal ${code - 128}` : `ended with exit code ${code}`;
  const memory = code === 137 ? ' The machine may have run out of memory.' : '';
  return new CoppiceError(
    'runtime-crashed',
    `On ${name} the program that runs models ${end}${quoted}.${memory}`,
  );
}

function missing(name: string, said: string): string {
  return [
    `Neither a python3 with onnxruntime nor a node with onnxruntime-node was found on ${name}.`,
    'Install one of them there:',
    '  python3 -m pip install --user onnxruntime',
    '  python3 -m venv ~/.coppice/venv && ~/.coppice/venv/bin/pip install onnxruntime   (where the system forbids the first)',
    '  npm install onnxruntime-node   (in the home folder, or with --global)',
    'or let Coppice do the first two with --install. One in another place: --remote-python PATH or --remote-node PATH.',
    ...(said ? [`The machine said: ${said}`] : []),
  ].join('\n');
}

/** Without the control characters that a machine could send to the terminal. */
function lastLines(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '').trim());
  return lines
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    .slice(-400)
    .replace(/\.$/, '');
}
