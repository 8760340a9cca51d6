/** `coppice compress`: runs a recipe. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { delayed } from '#engine/ir/cancellation';
import { CoppiceError } from '#engine/ir/issue';
import { parseRecipe } from '#engine/recipe/parse';
import { runFolderOf, runInFolder } from '#engine/recipe/run-in-folder';
import { startRuntime } from '#engine/runtime/client';
import { missedTarget } from '#protocol/report';
import type { Command } from '../command';
import { reportTable } from '../report-table';
import { showProgress } from '../training-progress';

export const compress: Command = {
  name: 'compress',
  summary: 'Runs a recipe and leaves the result, report.json and report.html.',
  usage: 'coppice compress [coppice.yaml]',
  flags: [
    {
      name: 'folder',
      type: 'string',
      value: 'DIR',
      help: 'Where the run is kept, instead of .coppice/runs/.',
    },
  ],
  run: async ({ positionals, flags, signal, terminal }) => {
    const path = positionals[0] ?? 'coppice.yaml';
    if (!existsSync(path)) throw new CoppiceError('missing-file', `There is no recipe ${path}.`);
    const text = readFileSync(path, 'utf8');
    const { recipe, problems } = parseRecipe(text);
    for (const { severity, message, range } of problems) {
      terminal.note(`${path}:${range.start.line}:${range.start.column}: ${severity}: ${message}`);
    }
    if (!recipe) throw new CoppiceError('recipe', `${path} cannot be run; see above.`);
    const runtime = await startRuntime({ signal: delayed(signal) });
    try {
      const { report, reportFile, pageFile } = await runInFolder({
        recipe,
        path,
        text,
        folder: typeof flags.folder === 'string' ? flags.folder : runFolderOf(recipe, path),
        runtime,
        signal,
        progress: showProgress(terminal),
        page: readFileSync(join(__dirname, 'webview', 'report.js'), 'utf8'),
      });
      terminal.result(flags.json ? JSON.stringify(report) : reportTable(report));
      terminal.note(`Model: ${report.output}\nReport: ${pageFile}\nData: ${reportFile}`);
      return missedTarget(report) ? 1 : 0;
    } finally {
      await runtime.close();
    }
  },
};
