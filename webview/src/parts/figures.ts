/** Before and after in large figures: one card each, with the change and a bar of what is left. */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { textStyles } from '../styles';

export interface Figure {
  readonly title: string;
  readonly before: string | null;
  readonly after: string;
  /** `−50 %`; null where there is nothing to compare with. */
  readonly change: string | null;
  /** Share that is left, 0 … 1, drawn as a bar; null for none. */
  readonly left: number | null;
}

@customElement('coppice-figures')
export class Figures extends LitElement {
  @property({ attribute: false }) figures: readonly Figure[] = [];

  static override styles = [
    textStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(168px, 1fr));
        gap: 12px;
        margin: 16px 0;
      }
      .card {
        padding: 12px 14px 14px;
        border: 1px solid
          var(--vscode-editorWidget-border, var(--vscode-contrastBorder, transparent));
        border-radius: 6px;
        background: var(--vscode-editorWidget-background);
      }
      dt {
        color: var(--vscode-descriptionForeground);
        font-size: 0.92em;
      }
      dd {
        margin: 2px 0 0;
      }
      .after {
        font-size: 1.5em;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .from {
        font-variant-numeric: tabular-nums;
        min-height: 1.45em;
      }
      .change {
        font-weight: 600;
        white-space: nowrap;
      }
      .bar {
        height: 4px;
        margin-top: 8px;
        border: 1px solid var(--vscode-charts-blue);
        border-radius: 3px;
        overflow: hidden;
      }
      .left {
        height: 100%;
        background: var(--vscode-charts-blue);
      }
      @media (forced-colors: active) {
        .bar {
          border-color: CanvasText;
        }
        .left {
          background: CanvasText;
          forced-color-adjust: none;
        }
      }
    `,
  ];

  override render() {
    return html`<dl>${this.figures.map(card)}</dl>`;
  }
}

function card(figure: Figure) {
  const { title, before, after, change, left } = figure;
  return html`<div class="card">
    <dt>${title}</dt>
    <dd class="after">${after}</dd>
    ${before === null ? nothing : html`<dd class="from"><span class="muted">from ${before}</span>${changeOf(change)}</dd>`}
    ${left === null ? nothing : html`<dd class="bar" aria-hidden="true"><div class="left" style="width: ${Math.min(1, left) * 100}%"></div></dd>`}
  </div>`;
}

function changeOf(change: string | null) {
  return change === null ? nothing : html` <span class="change">${change}</span>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-figures': Figures;
  }
}
