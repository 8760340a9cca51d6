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

const helpColumn = 30;
const helpWidth = 100;

export function commandHelp(command: Command): string {
  const flags = [...command.flags, ...commonFlags];
  return [
    `Usage: ${command.usage}`,
    '',
    ...wrap(command.summary, helpWidth),
    '',
    ...flags.flatMap(flagHelp),
  ].join('\n');
}

/** The flag in the left column, its help in the right one, below each other where the flag is long. */
function flagHelp(flag: Flag): string[] {
  const name = `  ${spelled(flag)}`;
  const indent = ' '.repeat(helpColumn);
  const lines = wrap(flag.help, helpWidth - helpColumn).map((line) => indent + line);
  if (name.length > helpColumn - 2) return [name, ...lines];
  return [name.padEnd(helpColumn) + lines[0].trimStart(), ...lines.slice(1)];
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function spelled({ name, short, type, value }: Flag): string {
  const argument = type === 'boolean' ? '' : ` ${value ?? placeholder(type)}`;
  return `${short ? `-${short}, ` : ''}--${name}${argument}`;
}

function placeholder(type: Flag['type']): string {
  return {
    string: 'TEXT',
    strings: 'TEXT',
    number: 'N',
    numbers: 'N,N,…',
    json: 'JSON',
    boolean: '',
  }[type];
}
