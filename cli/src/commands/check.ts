/** `coppice check`: holds models against their budgets. */

import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { factsOf } from '#engine/budget/facts';
import { judge } from '#engine/budget/judge';
import { loadDevices } from '#engine/device/store';
import { CoppiceError, isError, type Issue } from '#engine/ir/issue';
import { loadModel } from '#engine/onnx/load';
import type { BudgetResult } from '#protocol/budget';
import { accuracyFlags, accuracyOf } from '../check/accuracy';
import { budgetFlag, limitOfFlag } from '../check/budget-flag';
import { gather } from '../check/gather';
import { githubCommands } from '../check/github';
import { junitXml } from '../check/junit';
import { outcomeOf } from '../check/outcome';
import { fromHere } from '../check/paths';
import { sarifLog } from '../check/sarif';
import { checkTable } from '../check/table';
import type { Command, Invocation } from '../command';

export const check: Command = {
  name: 'check',
  summary:
    'Holds models against the budgets of recipes (`budgets:`), of coppice.budgets.yaml, and of the command line.',
  usage: 'coppice check [MODELS, RECIPES, BUDGET FILES or FOLDERS] [OPTIONS]',
  flags: [
    budgetFlag,
    {
      name: 'strict',
      type: 'boolean',
      help: 'Fail also where a budget is only likely met, or cannot be judged.',
    },
    { name: 'sarif', type: 'string', value: 'FILE', help: 'Write the findings as SARIF 2.1.0.' },
    { name: 'junit', type: 'string', value: 'FILE', help: 'Write all results as JUnit XML.' },
    {
      name: 'github',
      type: 'boolean',
      help: 'Print workflow commands on stderr, which GitHub shows at the lines of a change.',
    },
    ...accuracyFlags,
  ],
  run: async (invocation) => {
    const { flags, positionals, terminal } = invocation;
    const texts = Array.isArray(flags.budget) ? (flags.budget as readonly string[]) : [];
    const { devices, issues: unread } = await loadDevices();
    const given = texts.map(limitOfFlag);
    const { checks, issues } = await gather(positionals, given, devices);
    const found: Issue[] = [...unread, ...issues];
    const results: BudgetResult[] = [];
    for (const [path, limits] of [...checks].sort(([a], [b]) => (a < b ? -1 : 1))) {
      invocation.signal.throwIfAborted();
      const model = openSubject(path, found);
      if (!model) continue;
      const accuracy = await accuracyOf(model, path, limits, invocation);
      const facts = factsOf(model, path, devices, () => accuracy);
      results.push(...limits.map((limit) => judge(limit, facts)));
    }
    if (results.length === 0 && !found.some(isError)) {
      throw new CoppiceError(
        'no-budgets',
        'There is nothing to check: no budgets were found. Write `budgets:` into a recipe or into coppice.budgets.yaml, or give --budget.',
      );
    }
    const outcome = outcomeOf(results, found, flags.strict === true);
    report(outcome, invocation);
    for (const { severity, message } of found) terminal.note(`${severity}: ${message}`);
    if (found.some(isError)) return 2;
    return outcome.passed ? 0 : 1;
  },
};

/** Undefined, and an issue more, for a model that is not there or broken. */
function openSubject(path: string, issues: Issue[]) {
  if (!existsSync(path)) {
    const message = `The model ${fromHere(path)} does not exist, so its budgets cannot be judged.`;
    issues.push({ severity: 'error', code: 'missing-file', message, file: path });
    return undefined;
  }
  const { model, issues: found } = loadModel(path);
  const broken = found.find(isError);
  if (broken) {
    const message = `${fromHere(path)} cannot be judged: ${broken.message}`;
    issues.push({ ...broken, code: 'broken-model', message });
    return undefined;
  }
  return model;
}

function report(
  outcome: ReturnType<typeof outcomeOf>,
  { flags, terminal }: Pick<Invocation, 'flags' | 'terminal'>,
): void {
  if (typeof flags.sarif === 'string') {
    write(flags.sarif, `${JSON.stringify(sarifLog(outcome), null, 2)}\n`);
  }
  if (typeof flags.junit === 'string') write(flags.junit, junitXml(outcome));
  if (flags.github) for (const line of githubCommands(outcome)) terminal.note(line);
  if (flags.json) terminal.result(JSON.stringify(outcome));
  else if (outcome.results.length > 0) terminal.result(checkTable(outcome, terminal.width));
}

/** @throws CoppiceError where the file cannot be written. */
function write(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CoppiceError('unwritable', `${file} could not be written: ${reason}`, { cause });
  }
}
