/** *Coppice: Show Report…*: the report of a past run. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { RunStatus } from '#protocol/run-status';
import type { Command } from '../context';
import { readStatus } from '../pages/content';
import { showPage } from '../pages/panels';
import { browse, uriOf } from '../pick';

export const showReport: Command = {
  id: commandIds.showReport,
  async run(context, argument) {
    const report = uriOf(argument) ?? (await pickReport());
    if (report !== undefined) {
      await showPage(context, { kind: 'report', report: report.toString() });
    }
  },
};

interface RunItem extends vscode.QuickPickItem {
  readonly report: vscode.Uri | undefined;
}

async function pickReport(): Promise<vscode.Uri | undefined> {
  const runs = await pastRuns();
  const items: RunItem[] = [
    ...runs.map(runItem),
    { label: 'Browse…', description: 'A report.json anywhere', report: undefined },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Show Report',
    placeHolder: 'Choose a run',
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  return picked.report ?? browse('Show Report', { Reports: ['json'] });
}

interface PastRun {
  readonly report: vscode.Uri;
  readonly name: string;
  readonly folder: vscode.Uri;
  readonly time: number;
  readonly state: RunStatus['state'];
}

function runItem(run: PastRun): RunItem {
  return {
    label: run.name,
    description: [
      vscode.workspace.asRelativePath(run.folder),
      new Date(run.time).toLocaleString(),
      ...(run.state === 'done' ? [] : [run.state]),
    ].join(' · '),
    report: run.report,
  };
}

/** Runs lie in `.coppice/runs` of a workspace folder or beside a recipe. Newest first. */
async function pastRuns(): Promise<PastRun[]> {
  const folders = new Map<string, vscode.Uri>();
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) folders.set(uri.toString(), uri);
  const recipes = await vscode.workspace.findFiles('**/coppice.{yaml,yml}', '**/node_modules/**');
  for (const recipe of recipes) {
    const folder = vscode.Uri.joinPath(recipe, '..');
    folders.set(folder.toString(), folder);
  }
  const found = await Promise.all([...folders.values()].map(runsIn));
  return found.flat().sort((a, b) => b.time - a.time);
}

async function runsIn(folder: vscode.Uri): Promise<PastRun[]> {
  const runs = vscode.Uri.joinPath(folder, '.coppice', 'runs');
  const names = await vscode.workspace.fs.readDirectory(runs).then(
    (entries) => entries.map(([name]) => name),
    () => [],
  );
  const found = names.map(async (name): Promise<PastRun | undefined> => {
    const report = vscode.Uri.joinPath(runs, name, 'report.json');
    const timeOf = async (file: vscode.Uri) => (await vscode.workspace.fs.stat(file)).mtime;
    const state = (await readStatus(report))?.state ?? 'done';
    return timeOf(report)
      .catch(() => timeOf(vscode.Uri.joinPath(report, '..', 'status.json')))
      .then(
        (time) => ({ report, name, folder, time, state }),
        () => undefined,
      );
  });
  return (await Promise.all(found)).filter((run) => run !== undefined);
}
