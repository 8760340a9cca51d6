/** Whether a finished run met its target, read from its report. */

import { readFileSync } from 'node:fs';
import { isReport } from '#protocol/webview';

/** The sentence that says by how much a target was missed; undefined where it was met. */
export function missedTarget(reportFile: string): string | undefined {
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return undefined;
  }
  if (!isReport(report)) return undefined;
  const warnings = report.issues.filter(({ severity }) => severity === 'warning');
  return warnings.find(({ message }) => asksForLess.test(message))?.message;
}

/** How pruning says that less could go than was asked for. */
const asksForLess = /were asked for|can be a target/;
