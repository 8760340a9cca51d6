/** Collects the issues of a validation. A broken model may have one per node: the list is bounded. */

import type { Issue } from './issue';

const maxIssues = 200;

type Where = Pick<Issue, 'node' | 'value'>;

export class ValidationReport {
  readonly issues: Issue[] = [];

  error(code: string, message: string, where?: Where): void {
    this.add({ severity: 'error', code, message, ...where });
  }

  warning(code: string, message: string, where?: Where): void {
    this.add({ severity: 'warning', code, message, ...where });
  }

  private add(issue: Issue): void {
    if (this.issues.length < maxIssues) this.issues.push(issue);
    else if (this.issues.length === maxIssues) {
      this.issues.push({
        severity: 'error',
        code: 'too-many-problems',
        message: `The model has more than ${maxIssues} problems; the others are not listed.`,
      });
    }
  }
}
