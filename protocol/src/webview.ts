/** What the extension host and a webview page say to each other, with the guards both sides check by. */
import type { ModelComparison } from './comparison';
import type { LatencyEstimate } from './device';
import type { Inspection } from './inspection';
import type { Report } from './report';
import { isRunStatus, type RunStatus } from './run-status';
import { isSensitivityTable, type SensitivityTable } from './sensitivity';

/** Everything one page shows. Kept by `setState`, so that a page comes back after a reload. */
export type PageContent =
  | { readonly kind: 'report'; readonly report: Report }
  | {
      /** A run that has no report yet. */
      readonly kind: 'run';
      readonly status: RunStatus;
      /** True where this window follows the run, and can stop it. */
      readonly own: boolean;
    }
  | {
      readonly kind: 'inspection';
      readonly inspection: Inspection;
      /** Where it was measured. */
      readonly sensitivity?: SensitivityTable;
      readonly latency?: PageLatency;
    }
  | { readonly kind: 'comparison'; readonly comparison: ModelComparison };

/** What the model takes on every device, and which of them is shown first, by its id. */
export interface PageLatency {
  readonly estimates: readonly LatencyEstimate[];
  readonly shown: string | null;
}

/** Which file made the content, so that a restored panel can read it again. URIs. */
export type PageSource =
  | { readonly kind: 'report'; readonly report: string }
  | { readonly kind: 'inspection'; readonly model: string }
  | { readonly kind: 'comparison'; readonly before: string; readonly after: string };

/** Host → page. */
export type ToPage =
  | { readonly type: 'show'; readonly content: PageContent; readonly source: PageSource }
  | { readonly type: 'failed'; readonly message: string; readonly source: PageSource };

/** A button of the page. */
export const pageActions = [
  'openResult',
  'openDiff',
  'openRecipe',
  'openModel',
  'compress',
  'finetune',
  'openText',
  'cancelRun',
  'continueRun',
] as const;
export type PageAction = (typeof pageActions)[number];

/** Page → host. */
export type FromPage =
  { readonly type: 'ready' } | { readonly type: 'action'; readonly action: PageAction };

export function isToPage(value: unknown): value is ToPage {
  if (!isRecord(value) || !isPageSource(value.source)) return false;
  if (value.type === 'failed') return typeof value.message === 'string';
  return value.type === 'show' && isPageContent(value.content);
}

export function isFromPage(value: unknown): value is FromPage {
  if (!isRecord(value)) return false;
  if (value.type === 'ready') return true;
  return value.type === 'action' && pageActions.some((action) => action === value.action);
}

export function isPageSource(value: unknown): value is PageSource {
  if (!isRecord(value)) return false;
  switch (value.kind) {
    case 'report':
      return typeof value.report === 'string';
    case 'inspection':
      return typeof value.model === 'string';
    case 'comparison':
      return typeof value.before === 'string' && typeof value.after === 'string';
    default:
      return false;
  }
}

function isPageContent(value: unknown): value is PageContent {
  if (!isRecord(value)) return false;
  switch (value.kind) {
    case 'report':
      return isReport(value.report);
    case 'run':
      return isRunStatus(value.status);
    case 'inspection':
      return (
        isRecord(value.inspection) &&
        Array.isArray(value.inspection.layers) &&
        (value.sensitivity === undefined || isSensitivityTable(value.sensitivity)) &&
        (value.latency === undefined || isPageLatency(value.latency))
      );
    case 'comparison':
      return isRecord(value.comparison) && Array.isArray(value.comparison.layers);
    default:
      return false;
  }
}

function isPageLatency(value: unknown): value is PageLatency {
  return (
    isRecord(value) &&
    Array.isArray(value.estimates) &&
    value.estimates.every(
      (each) => isRecord(each) && isRecord(each.device) && isRecord(each.layers),
    )
  );
}

/** Enough to tell a report from any other JSON file, and to draw it without a crash. */
export function isReport(value: unknown): value is Report {
  return (
    isRecord(value) &&
    value.version === 1 &&
    isRecord(value.model) &&
    isRecord(value.recipe) &&
    isFigures(value.before) &&
    isFigures(value.after) &&
    isRecord(value.verification) &&
    Array.isArray(value.verification.messages) &&
    Array.isArray(value.steps) &&
    Array.isArray(value.layers) &&
    Array.isArray(value.issues)
  );
}

function isFigures(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['params', 'macs', 'weightBytes'].every((key) => typeof value[key] === 'number')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
