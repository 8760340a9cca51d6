/** The verification as sentences that say passed or failed, and the issues with their severity. */
import { html, nothing, type TemplateResult } from 'lit';
import type { TargetReport, Verification } from '#protocol/report';
import { mark, type Mark } from './marks';

/** Largest difference, relative to the largest output, at which masked = cut counts as proved. */
const maxRelativeError = 1e-4;

interface Check {
  readonly passed: boolean | null;
  readonly text: string;
}

/** Whether everything that was checked holds. */
export function isVerified(verification: Verification): boolean {
  return checksOf(verification).every((check) => check.passed !== false);
}

export function verificationList(verification: Verification): TemplateResult {
  return html`<ul class="checks">
    ${checksOf(verification).map(
      ({ passed, text }) =>
        html`<li>
          ${mark(passed === null ? 'neutral' : passed ? 'pass' : 'fail')}<span
            ><strong>${verdictOf(passed)}</strong> ${text}</span
          >
        </li>`,
    )}
    ${verification.messages.map((text) => html`<li>${mark('neutral')}<span>${text}</span></li>`)}
  </ul>`;
}

export function issueList(
  issues: readonly { readonly severity: string; readonly message: string }[],
): TemplateResult | typeof nothing {
  if (issues.length === 0) return nothing;
  return html`<h2>Issues</h2>
    <ul class="checks">
      ${issues.map(
        ({ severity, message }) =>
          html`<li>
            ${mark(markOf(severity))}<span
              ><strong>${titleCase(severity)}:</strong> ${message}</span
            >
          </li>`,
      )}
    </ul>`;
}

/** What the recipe asked of the result, and what became of it. */
export function targetList(targets: readonly TargetReport[] = []): TemplateResult | typeof nothing {
  if (targets.length === 0) return nothing;
  return html`<h2>Targets</h2>
    <ul class="checks">
      ${targets.map(
        ({ verdict, message }) =>
          html`<li>
            ${mark(targetMarks[verdict])}<span
              ><strong>${titleCase(verdict)}:</strong> ${message}.</span
            >
          </li>`,
      )}
    </ul>`;
}

const targetMarks: Readonly<Record<TargetReport['verdict'], Mark>> = {
  met: 'pass',
  likely: 'neutral',
  missed: 'fail',
  unknown: 'warning',
};

function checksOf(verification: Verification): readonly Check[] {
  const { loads, shapesMatch, maxRelativeError: error } = verification;
  return [
    {
      passed: loads,
      text: loads
        ? 'The result loads and runs in ONNX Runtime.'
        : 'The result did not load or run in ONNX Runtime.',
    },
    {
      passed: shapesMatch,
      text: shapesMatch
        ? 'The shapes that the runtime produced agree with our own inference.'
        : 'The shapes that the runtime produced differ from our own inference.',
    },
    error === null
      ? { passed: null, text: 'Masked = cut does not apply to these steps.' }
      : {
          passed: error <= maxRelativeError,
          text: `Masked = cut: with the removed channels zeroed, the original differs from the result by ${error.toExponential(1)} of the largest output (limit ${maxRelativeError.toExponential(0)}).`,
        },
  ];
}

function verdictOf(passed: boolean | null): string {
  if (passed === null) return 'Not applicable.';
  return passed ? 'Passed.' : 'Failed.';
}

function markOf(severity: string): Mark {
  if (severity === 'error') return 'fail';
  return severity === 'warning' ? 'warning' : 'neutral';
}

function titleCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
