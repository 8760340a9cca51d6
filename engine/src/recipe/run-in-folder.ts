/** A run with everything it leaves behind: the recipe, the log, the steps, and its report in both forms. */

import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { isAbort } from '../ir/cancellation';
import { reportHtml } from '../report/html';
import type { Report } from '../report/report';
import { version } from '../version';
import { canonicalJson, decisiveOf, modelHash } from './identity';
import { LiveStatus } from './live-status';
import { runRecipe, type RunRequest } from './run';
import { RunFolder } from './run-folder';
import type { Recipe } from './schema';

export interface FolderRunRequest extends Omit<RunRequest, 'folder'> {
  /** Path of the run's folder. */
  readonly folder: string;
  /** JavaScript of the report page, put inline into `report.html`. */
  readonly page: string;
}

export interface FolderRun {
  readonly report: Report;
  readonly reportFile: string;
  readonly pageFile: string;
}

export async function runInFolder(request: FolderRunRequest): Promise<FolderRun> {
  const folder = new RunFolder(request.folder);
  if (request.text !== null) folder.write('coppice.yaml', request.text);
  folder.log(`run of ${basename(request.path)} with Coppice ${version}`);
  const status = new LiveStatus(folder, request.recipe, request.path, request.text !== null);
  try {
    const report = await runRecipe({
      ...request,
      folder,
      progress: (progress) => {
        status.progress(progress);
        request.progress(progress);
      },
    });
    folder.write('report.json', `${JSON.stringify(report, null, 2)}\n`);
    folder.write('report.html', reportHtml(report, request.page));
    folder.log('done');
    status.end('done', 'done');
    return { report, reportFile: folder.file('report.json'), pageFile: folder.file('report.html') };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    folder.log(isAbort(error) ? 'cancelled' : `failed: ${message}`);
    if (isAbort(error)) status.end('stopped', 'It was cancelled.');
    else status.end('failed', message);
    throw error;
  }
}

/**
 * The folder of a run beside its recipe. The id hashes recipe, model and version; what the data
 * decides is kept in the state.
 */
export function runFolderOf(recipe: Recipe, path: string, hashOf = modelHash): string {
  const directory = dirname(resolve(path));
  const hash = hashOf(resolve(directory, recipe.model));
  const identity = canonicalJson([decisiveOf(recipe), hash, version]);
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const name = basename(recipe.model).replace(/\.\w+$/, '');
  return join(directory, '.coppice', 'runs', `${name}-${digest}`);
}
