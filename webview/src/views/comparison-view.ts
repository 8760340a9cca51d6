/** Two models side by side: totals, and every layer that both or one of them has. */
import { LitElement, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ModelComparison } from '#protocol/comparison';
import type { LayerComparison } from '#protocol/report';
import { fileName } from '../format';
import { issueList } from '../parts/checks';
import '../parts/figures';
import '../parts/layer-chart';
import { sizeFigures } from '../parts/report-figures';
import { listStyles, textStyles } from '../styles';

@customElement('coppice-comparison')
export class ComparisonView extends LitElement {
  @property({ attribute: false }) comparison: ModelComparison | undefined;

  static override styles = [textStyles, listStyles];

  override render() {
    const { comparison } = this;
    if (comparison === undefined) return nothing;
    const { before, after, layers } = comparison;
    return html`<header>
        <h1>${fileName(before.path)} ↔ ${fileName(after.path)}</h1>
        <p class="muted">${summary(layers)}</p>
      </header>
      <coppice-figures .figures=${sizeFigures(before.totals, after.totals)}></coppice-figures>
      ${issueList(comparison.issues)}
      <h2>Layers</h2>
      <coppice-layers .layers=${layers}></coppice-layers>`;
  }
}

function summary(layers: readonly LayerComparison[]): string {
  const removed = layers.filter((layer) => layer.after === null).length;
  const added = layers.filter((layer) => layer.before === null).length;
  const changed = layers.filter(
    ({ before, after }) =>
      before !== null &&
      after !== null &&
      (before.params !== after.params ||
        before.macs !== after.macs ||
        before.channels !== after.channels),
  ).length;
  return `${String(layers.length)} layers: ${String(changed)} changed, ${String(removed)} removed, ${String(added)} added.`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-comparison': ComparisonView;
  }
}
