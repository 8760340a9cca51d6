/** `coppice`: finds the verb, runs it, and turns errors into one line and an exit code. */

import { Cancelled, isAbort } from '#engine/ir/cancellation';
import { CoppiceError } from '#engine/ir/issue';
import { closest } from '#engine/recipe/closest';
import { version } from '#engine/version';
import type { Terminal } from './command';
import { commands } from './commands';
import { parseFlags } from './flags';
import { commandHelp, overallHelp } from './help';
import { createTerminal } from './terminal';

const badUsage = 2;
/** 128 + SIGINT, as shells report it. */
const interrupted = 130;

export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    terminal.result(overallHelp(commands, version));
    return verb === undefined ? badUsage : 0;
  }
  if (verb === '--version' || verb === '-v') {
    terminal.result(version);
    return 0;
  }
  const cancel = new AbortController();
  const onInterrupt = (): void => cancel.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    return await runVerb(verb, rest, terminal, cancel.signal);
  } catch (error) {
    terminal.settle();
    if (isAbort(error)) {
      const kept = error instanceof Cancelled ? error.message : 'nothing was written.';
      terminal.note(`Cancelled; ${kept}`);
      return interrupted;
    }
    if (!(error instanceof CoppiceError)) throw error;
    terminal.note(`coppice ${verb}: ${error.message}`);
    return badUsage;
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

async function runVerb(
  verb: string,
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const command = commands.find(({ name }) => name === verb);
  if (!command) {
    const near = closest(
      verb,
      commands.map(({ name }) => name),
    );
    const hint = near ? `Did you mean \`${near}\`?` : '`coppice --help` lists all.';
    throw new CoppiceError('usage', `There is no such verb. ${hint}`);
  }
  const { positionals, flags } = parseFlags(command, args);
  if (flags.help) {
    terminal.result(commandHelp(command));
    return 0;
  }
  return command.run({ positionals, flags, signal, terminal });
}

if (require.main === module) {
  main(process.argv.slice(2), createTerminal()).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      // A defect of Coppice itself, not of the input: the stack is wanted only by those who mend it.
      const detail = error instanceof Error ? error.message : String(error);
      console.error(`coppice: this is a defect in Coppice, please report it: ${detail}`);
      if (process.env.COPPICE_DEBUG) console.error(error);
      process.exitCode = badUsage;
    },
  );
}
