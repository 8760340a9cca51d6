/** The texts of `coppice --help` and `coppice VERB --help`, made from the registry of commands. */

import type { Command, Flag } from './command';
import { commonFlags } from './flags';

export function overallHelp(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const verbs = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `coppice ${version}: makes neural networks in ONNX files smaller and faster.`,
    '',
    'Usage: coppice VERB [ARGUMENTS]',
    '',
    ...verbs,
    '',
    'coppice VERB --help tells more about a verb.',
    'Exit codes: 0 done, 1 target or budget not met, 2 bad usage or bad input.',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const flags = [...command.flags, ...commonFlags];
  const names = flags.map(spelled);
  const width = Math.max(...names.map((name) => name.length));
  return [
    `Usage: ${command.usage}`,
    '',
    command.summary,
    '',
    ...flags.map((flag, i) => `  ${names[i].padEnd(width)}  ${flag.help}`),
  ].join('\n');
}

function spelled({ name, short, type, value }: Flag): string {
  const argument = type === 'boolean' ? '' : ` ${value ?? placeholder(type)}`;
  return `${short ? `-${short}, ` : ''}--${name}${argument}`;
}

function placeholder(type: Flag['type']): string {
  return { string: 'TEXT', number: 'N', numbers: 'N,N,…', json: 'JSON', boolean: '' }[type];
}
