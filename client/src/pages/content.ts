/** Where a page's content comes from: a report file, or an answer of the language server. */
import * as vscode from 'vscode';
import {
  compareRequest,
  devicesRequest,
  inspectRequest,
  latencyRequest,
  sensitivityRequest,
} from '#protocol/messages';
import { isRunStatus, type RunStatus } from '#protocol/run-status';
import { isReport, type PageContent, type PageLatency, type PageSource } from '#protocol/webview';
import type { Report } from '#protocol/report';
import { CommandFailure, type Context } from '../context';
import { ownRuns } from '../own-runs';

/** A report beyond this size was not written by Coppice. */
const maxReportBytes = 64 * 1024 * 1024;

export async function loadContent(context: Context, source: PageSource): Promise<PageContent> {
  switch (source.kind) {
    case 'report':
      return loadRun(vscode.Uri.parse(source.report, true));
    case 'inspection': {
      const inspection = await context.request(inspectRequest, { uri: source.model });
      const { table } = await context.request(sensitivityRequest, { uri: source.model });
      const latency = await latencyOf(context, source.model);
      return { kind: 'inspection', inspection, latency, ...(table ? { sensitivity: table } : {}) };
    }
    case 'comparison':
      return {
        kind: 'comparison',
        comparison: await context.request(compareRequest, {
          before: source.before,
          after: source.after,
        }),
      };
  }
}

/** The report of a run; while it goes on, or where it never came to one, how far it is. */
async function loadRun(report: vscode.Uri): Promise<PageContent> {
  const status = await readStatus(report);
  if (status === undefined || status.state === 'done') {
    return { kind: 'report', report: await readReport(report) };
  }
  const own = ownRuns.has(report.toString());
  if (status.state === 'running') return { kind: 'run', status, own };
  return readReport(report).then(
    (earlier) => ({ kind: 'report', report: earlier }),
    () => ({ kind: 'run', status, own }),
  );
}

/** What the folder of a run says of it; undefined where it says nothing, as older ones do. */
export async function readStatus(report: vscode.Uri): Promise<RunStatus | undefined> {
  const file = vscode.Uri.joinPath(report, '..', 'status.json');
  try {
    const bytes = await vscode.workspace.fs.readFile(file);
    const status: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!isRunStatus(status)) return undefined;
    if (status.state !== 'running' || isAlive(status.pid)) return status;
    return { ...status, state: 'stopped', message: 'Its process ended before the run did.' };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It may belong to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function latencyOf(context: Context, uri: string): Promise<PageLatency> {
  const { estimates } = await context.request(latencyRequest, { uri });
  const { chosen } = await context.request(devicesRequest, {});
  return { estimates, shown: chosen.devices[0]?.id ?? null };
}

export function titleOf(source: PageSource): string {
  switch (source.kind) {
    case 'report':
      return `Report: ${nameOf(parentOf(source.report))}`;
    case 'inspection':
      return nameOf(source.model);
    case 'comparison':
      return `${nameOf(source.before)} ↔ ${nameOf(source.after)}`;
  }
}

export async function readReport(uri: vscode.Uri): Promise<Report> {
  const label = vscode.workspace.asRelativePath(uri);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > maxReportBytes) throw new CommandFailure(`${label} is too large to be a report.`);
  const bytes = await vscode.workspace.fs.readFile(uri);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CommandFailure(`${label} is not JSON. Choose a report.json that Coppice wrote.`);
  }
  if (!isReport(value)) throw new CommandFailure(`${label} is not a report of Coppice.`);
  return value;
}

function parentOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('/'));
}

function nameOf(uri: string): string {
  const path = vscode.Uri.parse(uri, true).path;
  return path.slice(path.lastIndexOf('/') + 1);
}
