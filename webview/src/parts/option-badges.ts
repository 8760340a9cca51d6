/** The options of a step, one badge each. */
import { html, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-badge/index.js';

export function optionBadges(
  options: Readonly<Record<string, unknown>>,
): readonly TemplateResult[] {
  return Object.entries(options).map(
    ([name, value]) => html`<vscode-badge>${name}: ${textOf(value)}</vscode-badge>`,
  );
}

function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
