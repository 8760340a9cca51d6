/**
 * How the system's ssh is called: one login, in which a command finds an interpreter with the
 * runtime and hands its input over to it. The person's configuration and agent are honoured; what
 * could ask a question or forward anything is switched off.
 */

import { CoppiceError } from '../../ir/issue';
import type { SshAddress } from './ssh-address';

export interface Interpreters {
  /** Path of the one Python or Node that is to be used; without either, usual places are searched. */
  readonly python?: string;
  readonly node?: string;
  /** Installs the runtime for the user's python3 where none is found. */
  readonly install?: boolean;
  /** Pins everything to these cores. */
  readonly cores?: readonly number[];
}

/** The exit code that says: this interpreter has no runtime; of the whole: none has. */
export const withoutRuntime = 86;

/** What an interpreter with the runtime says before it reads its program, followed by its language. */
export const greeting = 'coppice-agent';

/** Seconds. A connection that is silent for three times the interval counts as lost. */
const connectTimeout = 15;
const aliveInterval = 5;

/** @param config stands for the person's configuration file. */
export function sshArguments(address: SshAddress, command: string, config?: string): string[] {
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: connectTimeout,
    ServerAliveInterval: aliveInterval,
    ServerAliveCountMax: 3,
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    RemoteCommand: 'none',
    RequestTTY: 'no',
    EscapeChar: 'none',
    // An open master connection is used, but none is left behind.
    ControlMaster: 'no',
  };
  return [
    ...(config ? ['-F', config] : []),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(address.port ? ['-p', String(address.port)] : []),
    ...(address.user ? ['-l', address.user] : []),
    '--',
    address.host,
    command,
  ];
}

/** Where people keep Pythons and Nodes that a login without a terminal has not in its PATH. */
const pythons =
  'python3 "$HOME"/.coppice/venv/bin/python3 "$HOME"/*/bin/python3 "$HOME"/.*env*/bin/python3 ' +
  '/opt/*/bin/python3';
const nodes = 'node /usr/local/bin/node "$HOME"/.nvm/versions/node/*/bin/node /opt/*/bin/node';

/** Both begin a program that comes through their input after a line with its length in bytes. */
const pythonStart = [
  'import sys,importlib.util as u',
  `u.find_spec("onnxruntime") or sys.exit(${withoutRuntime})`,
  `print("${greeting} python",flush=True)`,
  'b=sys.stdin.buffer',
  'exec(b.read(int(b.readline())))',
].join(';');
const nodeStart = [
  'const f=require("fs"),p=require("path"),s=[process.cwd(),p.join(process.execPath,"../../lib")]',
  'let r',
  `try{r=require.resolve("onnxruntime-node",{paths:s})}catch(e){process.exit(${withoutRuntime})}`,
  `console.log("${greeting} node")`,
  'const read=(b,i)=>f.readSync(0,b,i,b.length-i,null)||process.exit(1)',
  'let n="",b=Buffer.alloc(1)',
  'while(read(b,0)&&b[0]>10)n+=b',
  'b=Buffer.alloc(+n)',
  'for(let i=0;b.length>i;)i+=read(b,i)',
  'new Function("require","runtime",b)(require,r)',
].join(';');

/**
 * One line without quotes inside of quotes and without backslashes, because the login shell that
 * reads it first may be any: bash, fish, csh.
 */
export function remoteCommand({ python, node, install, cores }: Interpreters): string {
  const chosen = python !== undefined || node !== undefined;
  const tried = {
    python: chosen ? pathWord(python) : pythons,
    node: chosen ? pathWord(node) : nodes,
  };
  const script = [
    'p=$1; n=$2',
    'try() { command -v "$1" >/dev/null 2>&1 || return 0; ' +
      `${cores ? `taskset -c ${cores.join(',')} ` : ''}"$@"; s=$?; [ $s -eq ${withoutRuntime} ] || exit $s; }`,
    `for x in ${tried.python}; do try "$x" -uc "$p"; done`,
    `for x in ${tried.node}; do try "$x" -e "$n"; done`,
    ...(install ? installation : []),
    `exit ${withoutRuntime}`,
  ].join('; ');
  return ['exec sh -c', ...[script, 'coppice', pythonStart, nodeStart].map(quoted)].join(' ');
}

/** Systems that manage their Python themselves refuse the first form; there it gets an environment. */
const installation = [
  'v="$HOME"/.coppice/venv',
  '{ python3 -m pip install --user onnxruntime || ' +
    '{ python3 -m venv "$v" && "$v"/bin/pip install onnxruntime; }; } </dev/null >&2 || exit 1',
  'for x in python3 "$v"/bin/python3; do try "$x" -uc "$p"; done',
];

function quoted(text: string): string {
  return `'${text}'`;
}

/** A path as a word of the script; `~/` is the home there. */
function pathWord(path: string | undefined): string {
  if (path === undefined) return '';
  if (path.startsWith('-') || !/^[\w/.~+@: -]+$/.test(path)) {
    throw new CoppiceError('usage', `"${path}" is no path of a program on the other machine.`);
  }
  return path.startsWith('~/') ? `"$HOME"/"${path.slice(2)}"` : `"${path}"`;
}
