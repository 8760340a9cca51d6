/** The buttons under a page's title. */
import { html, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { PageAction } from '#protocol/webview';
import { ActionEvent } from '../action-event';

/** The first action is the primary one. */
export function actionBar(
  actions: readonly { readonly action: PageAction; readonly title: string }[],
): TemplateResult {
  return html`<div class="row" role="toolbar" aria-label="Actions" style="margin: 14px 0">
    ${actions.map(
      ({ action, title }, index) =>
        html`<vscode-button
          ?secondary=${index > 0}
          data-action=${action}
          @click=${(event: Event) => event.target?.dispatchEvent(new ActionEvent(action))}
          >${title}</vscode-button
        >`,
    )}
  </div>`;
}
