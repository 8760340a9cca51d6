/** One verb for each pass: its options become flags, and it runs as a recipe of one step. */

import { dirname, resolve } from 'node:path';
import { delayed } from '#engine/ir/cancellation';
import { CoppiceError } from '#engine/ir/issue';
import type { Pass } from '#engine/passes/pass';
import { cacheBeside } from '#engine/recipe/cache-folder';
import { openRecipeData } from '#engine/recipe/data-source';
import { runRecipe } from '#engine/recipe/run';
import type { Recipe } from '#engine/recipe/schema';
import { startRuntime } from '#engine/runtime/client';
import { missedTarget } from '#protocol/report';
import type { Command, Flag, FlagValue, Invocation } from '../command';
import { dataFlags, preprocessingOf } from '../data-flags';
import { deviceFlag, targetOf } from '../devices';
import { explainTable } from '../explain-table';
import { openModel } from '../open-model';
import { optionFlags, toFlag, toKey } from '../option-flags';
import { reportTable } from '../report-table';
import { showProgress } from '../training-progress';

export function passCommand(pass: Pass): Command {
  const options = optionFlags(pass.options).filter(({ name }) => name !== 'seed');
  return {
    name: pass.id,
    summary: pass.doc,
    usage: `coppice ${pass.id} MODEL -o OUTPUT [OPTIONS]`,
    flags: [
      {
        name: 'output',
        short: 'o',
        type: 'string',
        value: 'FILE',
        help: 'Where the result is written.',
      },
      ...options,
      ...(pass.plan ? [explainFlag] : []),
      { name: 'seed', type: 'number', help: 'Decides everything random. Default 0.' },
      { ...deviceFlag, help: deviceHelp },
      ...dataFlags,
    ],
    run: (invocation) => runPass(pass, options, invocation),
  };
}

const deviceHelp =
  'What the model will run on: its latency is estimated, and passes that cut keep to its block of channels; `coppice devices` lists them.';

const explainFlag: Flag = {
  name: 'explain',
  type: 'boolean',
  help: 'Says of every part why it is changed as it is. Without -o nothing is written.',
};

async function runPass(
  pass: Pass,
  options: readonly Flag[],
  invocation: Invocation,
): Promise<number> {
  const { flags, positionals, signal, terminal } = invocation;
  if (flags.explain && flags.output === undefined) return explainPass(pass, options, invocation);
  const { path } = openModel(positionals[0], terminal);
  if (typeof flags.output !== 'string') {
    throw new CoppiceError('usage', 'Say where to write the result: -o FILE.');
  }
  const recipe: Recipe = {
    model: resolve(path),
    task: 'classification',
    device: typeof flags.device === 'string' ? flags.device : undefined,
    data: dataOf(flags),
    steps: [{ [pass.id]: checkedOptions(pass, options, flags) }],
    output: resolve(flags.output),
    seed: typeof flags.seed === 'number' ? flags.seed : 0,
  };
  const runtime = await startRuntime({ signal: delayed(signal) });
  try {
    const report = await runRecipe({
      recipe,
      path: resolve('coppice.yaml'),
      text: null,
      runtime,
      signal,
      progress: showProgress(terminal),
    });
    const explained = flags.explain ? explainTable(report.steps[0].groups, terminal.width) : '';
    const text = [reportTable(report), explained].filter(Boolean).join('\n\n');
    terminal.result(flags.json ? JSON.stringify(report) : text);
    terminal.note(`Model: ${report.output}`);
    return missedTarget(report) ? 1 : 0;
  } finally {
    await runtime.close();
  }
}

/** What the pass would do and why; nothing is written but measurements, into the cache. */
async function explainPass(
  pass: Pass,
  options: readonly Flag[],
  { flags, positionals, signal, terminal }: Invocation,
): Promise<number> {
  const { model } = openModel(positionals[0], terminal);
  const refusal = pass.refuse(model);
  if (refusal) throw new CoppiceError('refused', refusal);
  const recipe = resolve('coppice.yaml');
  const { calibration } = await openRecipeData(dataOf(flags), dirname(recipe), model);
  const runtime = await startRuntime({ signal });
  try {
    const given = checkedOptions(pass, options, flags);
    const { notes, issues } = await pass.plan!(model, given, {
      signal,
      seed: typeof flags.seed === 'number' ? flags.seed : 0,
      runtime,
      calibration,
      device: await targetOf(flags.device, terminal),
      cache: cacheBeside(recipe),
      progress: showProgress(terminal),
    });
    const said = issues.map(({ severity, code, message }) => ({ severity, code, message }));
    terminal.result(
      flags.json
        ? JSON.stringify({ version: 1, pass: pass.id, options: given, groups: notes, issues: said })
        : explainTable(notes, terminal.width),
    );
    for (const { severity, message } of said) terminal.note(`${severity}: ${message}`);
    return 0;
  } finally {
    await runtime.close();
  }
}

function dataOf(flags: Invocation['flags']): Recipe['data'] {
  if (typeof flags.data !== 'string') return undefined;
  return {
    ...preprocessingOf(flags),
    path: resolve(flags.data),
    validation: typeof flags.validation === 'string' ? resolve(flags.validation) : undefined,
  };
}

/** The options as the pass's schema wants them; its complaints name the flags. */
function checkedOptions(
  pass: Pass,
  options: readonly Flag[],
  flags: Readonly<Record<string, FlagValue | undefined>>,
): unknown {
  const given = options
    .filter(({ name }) => flags[name] !== undefined)
    .map(({ name }) => [toKey(name), flags[name]]);
  const parsed = pass.options.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `--${toFlag(path.map(String).join('.'))}: ${message}` : message,
  );
  throw new CoppiceError('usage', complaints.join(' '));
}
