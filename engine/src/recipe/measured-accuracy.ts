/** The accuracy of a model as runs have measured it: found in their reports, never measured anew. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Report } from '#protocol/report';
import type { Model } from '../ir/model';
import { modelHash } from './identity';

/** Reports beyond this number are old ones. */
const mostReports = 64;
const mostFolders = 8;

/**
 * The share of right answers; a sentence where it is not known. A report counts for the model that
 * it was made from when its file is the same, and for the one that it made when that says so.
 */
export function measuredAccuracy(model: Model, path: string): number | string {
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
  let hash: string | undefined;
  for (const report of reportsAbove(dirname(resolve(path)))) {
    if (report.metric?.id !== 'top1') continue;
    const made =
      metadata.get('coppice.recipe') === report.recipe.hash &&
      metadata.get('coppice.source') === report.model.hash;
    if (made && report.after.metric !== null) return report.after.metric;
    const isOriginal = report.model.hash === (hash ??= modelHash(path));
    if (isOriginal && report.before.metric !== null) return report.before.metric;
  }
  return 'no run has measured its accuracy';
}

/** Reports of the runs kept in a folder and in those above it, the latest first. */
function reportsAbove(folder: string): Report[] {
  const files: string[] = [];
  for (let at = folder, steps = 0; steps < mostFolders; at = dirname(at), steps++) {
    const runs = join(at, '.coppice', 'runs');
    const names = existsSync(runs) ? readdirSync(runs) : [];
    files.push(...names.map((name) => join(runs, name, 'report.json')).filter(existsSync));
    if (at === dirname(at)) break;
  }
  const reports = files.slice(0, mostReports).flatMap((file) => readReport(file) ?? []);
  return reports.sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** A report that cannot be read, or is none, is as good as none. */
function readReport(file: string): Report | undefined {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report>;
    const whole = report.recipe && report.model && report.before && report.after && report.created;
    return whole ? (report as Report) : undefined;
  } catch {
    return undefined;
  }
}
