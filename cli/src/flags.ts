/** Arguments of a command, checked and converted; unknown flags name the nearest one. */

import { parseArgs } from 'node:util';
import { CoppiceError } from '#engine/ir/issue';
import { closest } from '#engine/recipe/closest';
import type { Command, Flag, FlagValue } from './command';

/** Flags that every command takes. */
export const commonFlags: readonly Flag[] = [
  { name: 'json', type: 'boolean', help: 'Print one JSON object on stdout.' },
  { name: 'help', short: 'h', type: 'boolean', help: 'Show this help.' },
];

export interface ParsedArguments {
  readonly positionals: readonly string[];
  readonly flags: Record<string, FlagValue>;
}

/** @throws CoppiceError `usage` for flags that do not exist or values that do not fit. */
export function parseFlags(command: Command, args: readonly string[]): ParsedArguments {
  const flags = [...command.flags, ...commonFlags];
  const { tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      flags.map(({ name, short, type }) => [
        name,
        {
          type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
          ...(short && { short }),
        },
      ]),
    ),
  });
  const positionals: string[] = [];
  const values: Record<string, FlagValue> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flags.find((each) => each.name === token.name);
    if (!flag) throw unknownFlag(token.rawName, token.name, flags);
    const value = convert(flag, token.value);
    const before = values[flag.name];
    values[flag.name] =
      flag.type === 'strings' && Array.isArray(before) ? [...before, token.value] : value;
  }
  return { positionals, flags: values };
}

function unknownFlag(raw: string, name: string, flags: readonly Flag[]): CoppiceError {
  const near = closest(
    name,
    flags.map((flag) => flag.name),
  );
  return new CoppiceError(
    'usage',
    `Unknown option ${raw}.${near ? ` Did you mean --${near}?` : ''}`,
  );
}

function convert(flag: Flag, text: string | undefined): FlagValue {
  if (flag.type === 'boolean') return true;
  if (text === undefined) throw new CoppiceError('usage', `--${flag.name} needs a value.`);
  switch (flag.type) {
    case 'string':
      return text;
    case 'strings':
      return [text];
    case 'number':
      return toNumber(flag, text);
    case 'numbers':
      return text.split(',').map((part) => toNumber(flag, part.trim()));
    case 'json':
      return toJson(flag, text);
  }
}

function toNumber(flag: Flag, text: string): number {
  const value = text === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new CoppiceError('usage', `--${flag.name} needs a number, not "${text}".`);
}

function toJson(flag: Flag, text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw new CoppiceError('usage', `--${flag.name} needs JSON, not "${text}".`, { cause });
  }
}
