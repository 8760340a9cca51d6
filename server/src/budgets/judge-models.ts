/** How a model keeps to the budgets of the workspace, as far as it is known now. */

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { judge } from '#engine/budget/judge';
import { covers, subjectOf, type ScopedLimit } from '#engine/budget/limit';
import type { BudgetResult } from '#protocol/budget';
import type { SeveritySetting } from '#protocol/settings';
import type { Workspace } from '../workspace';

export interface Judged {
  readonly limit: ScopedLimit;
  readonly result: BudgetResult;
}

/** Every budget that is for a model. */
export function judgeModel(path: string, workspace: Workspace): Judged[] {
  return judgeBy(
    workspace.limits.filter(({ scope }) => covers(scope, path, existsSync)),
    path,
    workspace,
  );
}

/** A wide glob may match more models than anybody reads about. */
const mostSubjects = 32;

/** Every model that a budget is for. */
export function judgeLimit(limit: ScopedLimit, workspace: Workspace): Judged[] {
  const { scope } = limit;
  const subjects =
    scope.kind === 'result'
      ? [subjectOf(scope, existsSync)]
      : workspace.knownFiles.filter((path) => covers(scope, path, existsSync));
  return subjects.slice(0, mostSubjects).flatMap((path) => judgeBy([limit], path, workspace));
}

/** What cannot be told yet is left out; whoever asks is told to ask again once it can. */
function judgeBy(limits: readonly ScopedLimit[], path: string, workspace: Workspace): Judged[] {
  if (limits.length === 0) return [];
  const state = workspace.models.look(path);
  const reading = state.kind === 'missing' ? undefined : state.reading;
  const totals = reading?.inspection?.totals;
  if (!totals) return [];
  return limits.flatMap((limit): Judged[] => {
    const { metric, device } = limit;
    const target = device === null ? undefined : workspace.devices.find(device);
    const [estimate] = target ? workspace.latency.look(path, [target]) : [];
    if (metric === 'latency' && target && !estimate) return [];
    const accuracy = metric === 'accuracy' ? workspace.accuracy.look(path) : '';
    if (accuracy === undefined) return [];
    const result = judge(limit, {
      path,
      bytes: reading.bytes ?? totals.weightBytes,
      macs: totals.macs,
      params: totals.params,
      latency: () => estimate ?? `there is no device "${device}"`,
      accuracy: () => accuracy,
    });
    return [{ limit, result }];
  });
}

/** `resnet56.onnx takes 21 ms ±9 % on Raspberry Pi 4, 6 ms over its budget of 15 ms (coppice.yaml:12)` */
export function judgement({ result }: Judged, workspace: Workspace): string {
  const { place } = result.budget;
  const where = place ? `${workspace.labelOf(place.file)}:${place.line}` : 'settings';
  return `${basename(result.subject)} ${result.message} (${where})`;
}

const milder: Readonly<Record<SeveritySetting, SeveritySetting>> = {
  error: 'warning',
  warning: 'information',
  information: 'hint',
  hint: 'hint',
  off: 'off',
};

/** The worst for what is certainly over its budget, milder the less certain it is. */
export function severityOf({ result }: Judged, worst: SeveritySetting): SeveritySetting {
  switch (result.verdict) {
    case 'over':
      return result.certain ? worst : milder[worst];
    case 'likely':
      return milder[milder[worst]];
    case 'unknown':
    case 'meets':
      return 'off';
  }
}
