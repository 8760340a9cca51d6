/** What is to be checked: which budgets, and the models that each of them is for. */

import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { findTarget } from '#engine/device/find-target';
import type { Device } from '#engine/device/profile';
import { covers, subjectOf, type ScopedLimit } from '#engine/budget/limit';
import { CoppiceError, type Issue } from '#engine/ir/issue';
import { discoverFiles, modelFiles } from '#engine/onnx/discover';
import { budgetSources, readBudgetSource } from '#engine/recipe/budget-sources';
import type { BudgetLimit } from '#protocol/budget';
import { fromHere, prefixOf } from './paths';

export interface Gathered {
  /** Budgets by the absolute path of the model that they are for. */
  readonly checks: ReadonlyMap<string, readonly BudgetLimit[]>;
  /** What is wrong with the budgets themselves; an error means that not all could be judged. */
  readonly issues: readonly Issue[];
}

/**
 * @param paths models, recipes, budget files and folders; none means this folder. Where models are
 * named, only those are checked.
 * @param given budgets of every model, from the command line.
 * @throws CoppiceError for a path that does not exist, or is of no kind that is known here.
 */
export async function gather(
  paths: readonly string[],
  given: readonly ScopedLimit[],
  devices: readonly Device[],
): Promise<Gathered> {
  const { folders, files, models } = sorted(paths);
  // A model and nothing else to hold it against: the budgets are those of this folder.
  const nowhere = paths.length === 0 || (models.length === paths.length && given.length === 0);
  const roots = nowhere ? [resolve('.')] : folders;
  const found = await discoverFiles(roots, budgetSources);
  const sources = [...new Set([...files, ...found])].map((path) => readBudgetSource(path));
  const issues: Issue[] = sources.flatMap(({ path, problems }) =>
    problems.map(({ severity, message, range }) => ({
      severity,
      code: 'budget-source',
      message: `${fromHere(path)}:${range.start.line}:${range.start.column}: ${message}`,
      file: path,
    })),
  );
  const limits = sources.flatMap((source) => source.limits);
  const known = [...limits, ...given].filter((limit) => {
    const problem = deviceProblem(limit, devices);
    if (problem) issues.push(problem);
    return !problem;
  });
  const below = limits.some(({ scope }) => scope.kind === 'glob') || given.length > 0;
  const wide = [...roots, ...files.map((file) => dirname(file))];
  const candidates =
    models.length > 0 ? models : below ? await discoverFiles(wide, modelFiles) : [];
  const checks = new Map<string, BudgetLimit[]>();
  const add = (path: string, limit: ScopedLimit): void => {
    checks.set(path, [...(checks.get(path) ?? []), limit]);
  };
  for (const limit of known.filter((each) => limits.includes(each))) {
    const subjects = subjectsOf(limit, candidates, models);
    for (const path of subjects) add(path, limit);
    if (subjects.length === 0 && models.length === 0) issues.push(noModel(limit));
  }
  for (const limit of known.filter((each) => given.includes(each))) {
    for (const path of new Set([...candidates, ...checks.keys()])) add(path, limit);
  }
  return { checks, issues };
}

function sorted(paths: readonly string[]) {
  const [folders, files, models]: string[][] = [[], [], []];
  for (const given of paths) {
    const path = resolve(given);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) throw new CoppiceError('missing-file', `There is no file or folder ${given}.`);
    if (stat.isDirectory()) folders.push(path);
    else if (/\.ya?ml$/i.test(path)) files.push(path);
    else if (/\.onnx(txt|text)?$/i.test(path)) models.push(path);
    else {
      throw new CoppiceError(
        'usage',
        `${given} is neither a model (.onnx), nor a recipe or a file of budgets (.yaml), nor a folder.`,
      );
    }
  }
  return { folders, files, models };
}

function subjectsOf(
  { scope }: ScopedLimit,
  candidates: readonly string[],
  models: readonly string[],
): string[] {
  if (scope.kind === 'glob') return candidates.filter((path) => covers(scope, path, existsSync));
  const subject = subjectOf(scope, existsSync);
  return models.length === 0 || models.includes(subject) ? [subject] : [];
}

function deviceProblem(
  { device, place }: ScopedLimit,
  devices: readonly Device[],
): Issue | undefined {
  if (device === null) return undefined;
  try {
    findTarget(device, devices);
    return undefined;
  } catch (error) {
    if (!(error instanceof CoppiceError)) throw error;
    return { severity: 'error', code: error.code, message: prefixOf(place) + error.message };
  }
}

function noModel({ scope, place }: ScopedLimit): Issue {
  const glob = scope.kind === 'glob' ? scope.glob : scope.model;
  return {
    severity: 'warning',
    code: 'no-such-model',
    message: `${prefixOf(place)}No model matches \`${glob}\`, so this budget judges nothing.`,
  };
}
