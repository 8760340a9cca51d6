/**
 * What was checked as SARIF 2.1.0 (OASIS, March 2020), which code hosts show at the lines of a
 * change: one rule for each metric, one result for each budget that a model does not surely meet.
 */

import { createHash } from 'node:crypto';
import { version } from '#engine/version';
import { budgetMetrics, type BudgetMetric, type BudgetResult } from '#protocol/budget';
import type { Outcome } from './outcome';

const schema = 'https://json.schemastore.org/sarif-2.1.0.json';

const rules: Readonly<Record<BudgetMetric, string>> = {
  latency: 'The model takes longer on the device than its budget allows.',
  size: 'The model has more bytes on disk than its budget allows.',
  macs: 'The model needs more multiply-accumulates than its budget allows.',
  params: 'The model has more params than its budget allows.',
  accuracy: 'The model gets fewer answers right than its budget asks for.',
};

/** Stable: code hosts tell old findings from new ones by it. */
export function ruleId(metric: BudgetMetric): string {
  return `${metric}-budget`;
}

export function sarifLog({ results, issues }: Outcome): object {
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Coppice',
            semanticVersion: version,
            rules: budgetMetrics.map((metric) => ({
              id: ruleId(metric),
              name: `${metric[0].toUpperCase()}${metric.slice(1)}Budget`,
              shortDescription: { text: rules[metric] },
              defaultConfiguration: { level: 'error' },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: !issues.some(({ severity }) => severity === 'error'),
            toolExecutionNotifications: issues.map(({ severity, code, message }) => ({
              level: severity === 'information' ? 'note' : severity,
              descriptor: { id: code },
              message: { text: message },
            })),
          },
        ],
        results: results.filter(({ verdict }) => verdict !== 'meets').map(toResult),
      },
    ],
  };
}

const levels = { over: 'error', likely: 'warning', unknown: 'note', meets: 'none' } as const;

/** At the line of the budget, with the model beside it; at the model where no file holds the budget. */
function toResult(result: BudgetResult): object {
  const { budget, subject, verdict, message } = result;
  const { place, metric, device } = budget;
  const model = { physicalLocation: { artifactLocation: artifact(subject) } };
  const line = place && {
    physicalLocation: {
      artifactLocation: artifact(place.file),
      region: { startLine: place.line, startColumn: place.column, endColumn: place.endColumn },
    },
  };
  const identity = [metric, device ?? '', subject, place?.file ?? ''].join('\n');
  return {
    ruleId: ruleId(metric),
    ruleIndex: budgetMetrics.indexOf(metric),
    level: levels[verdict],
    message: { text: `${subject} ${message}.` },
    locations: [line ?? model],
    ...(line ? { relatedLocations: [{ id: 1, ...model, message: { text: 'The model.' } }] } : {}),
    partialFingerprints: {
      'coppiceBudget/v1': createHash('sha256').update(identity).digest('hex'),
    },
    properties: { actual: result.actual, limit: budget.value, certain: result.certain },
  };
}

/** A path from the folder of the check is relative to the root of the sources. */
function artifact(path: string): object {
  const uri = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') || path.startsWith('../') ? { uri } : { uri, uriBaseId: '%SRCROOT%' };
}
