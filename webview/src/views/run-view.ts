/** A run that goes on, or stopped before its end: how far it is, and the curves of its trainings as they grow. */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RunStatus, StepStatus } from '#protocol/run-status';
import { fileName, formatPercent } from '../format';
import { actionBar } from '../parts/action-bar';
import { mark } from '../parts/marks';
import { optionBadges } from '../parts/option-badges';
import '../parts/training-curve';
import { listStyles, textStyles } from '../styles';

@customElement('coppice-run')
export class RunView extends LitElement {
  @property({ attribute: false }) status: RunStatus | undefined;
  /** Whether whoever looks can stop it. */
  @property({ type: Boolean }) own = false;

  static override styles = [
    textStyles,
    listStyles,
    css`
      progress {
        width: min(420px, 100%);
        accent-color: var(--vscode-charts-blue);
      }
    `,
  ];

  override render() {
    const { status } = this;
    if (status === undefined) return nothing;
    return html`<header>
        <h1>${headings[status.state]} ${fileName(status.model)}</h1>
        <p class="muted">
          ${status.recipe === null ? 'No recipe file' : fileName(status.recipe)} · the result will
          be ${fileName(status.output)}
        </p>
        ${status.state === 'running' ? going(status) : stopped(status)}
      </header>
      ${actionBar(actionsFor(status, this.own))}
      <h2>Steps</h2>
      <ol class="steps">
        ${status.steps.map((step, index) => stepItem(step, index, status))}
      </ol>`;
  }
}

const headings = {
  running: 'Compressing',
  done: 'Compressed',
  stopped: 'Stopped: compressing',
  failed: 'Failed: compressing',
} as const;

function going({ fraction, message }: RunStatus) {
  return html`<p class="row">
      <progress aria-label="Progress of the run" max="1" value=${fraction}></progress>
      <span>${formatPercent(fraction)}</span>
    </p>
    <p>${message}</p>`;
}

function stopped({ state, message }: RunStatus) {
  const more =
    state === 'stopped' ? ' What was finished is kept: running it again goes on there.' : '';
  return html`<p class="row" role="status">
    ${mark(state === 'failed' ? 'fail' : 'neutral')}<span>${message}${more}</span>
  </p>`;
}

function actionsFor({ state, recipe }: RunStatus, own: boolean) {
  const cancel =
    state === 'running' && own ? [{ action: 'cancelRun', title: 'Cancel' } as const] : [];
  const again =
    state !== 'running' && recipe !== null
      ? [{ action: 'continueRun', title: 'Continue' } as const]
      : [];
  const open = recipe === null ? [] : [{ action: 'openRecipe', title: 'Open Recipe' } as const];
  return [...cancel, ...again, ...open, { action: 'openModel', title: 'Open Model' } as const];
}

function stepItem({ pass, options, curves }: StepStatus, index: number, { state, at }: RunStatus) {
  const current = state === 'running' ? 'going on' : 'not finished';
  const said = index < at ? 'done' : index === at ? current : 'waiting';
  return html`<li>
    <span class="row">
      <strong>${pass}</strong>
      <span class="muted">${said}</span>
      ${optionBadges(options)}
    </span>
    ${curves.map((curve) => html`<coppice-curve .curve=${curve}></coppice-curve>`)}
  </li>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-run': RunView;
  }
}
