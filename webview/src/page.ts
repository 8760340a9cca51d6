/** The whole page: gets its content, shows the view for its kind, and remembers it. */
import { LitElement, css, html } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { ToPage } from '#protocol/webview';
import { ActionEvent } from './action-event';
import { connectHost, embeddedContent, type Host } from './host';
import { textStyles } from './styles';
import './views/comparison-view';
import './views/inspection-view';
import './views/report-view';
import './views/run-view';

@customElement('coppice-page')
export class Page extends LitElement {
  @state() private shown: Shown | Failed | undefined;
  private host: Host | undefined;
  private stopListening: (() => void) | undefined;

  static override styles = [
    textStyles,
    css`
      .failed {
        margin-top: 32px;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener(ActionEvent.type, this.act);
    const embedded = embeddedContent();
    if (embedded !== undefined) {
      this.shown = { type: 'show', content: embedded };
      return;
    }
    this.host ??= connectHost();
    this.shown = this.host?.remembered;
    this.stopListening = this.host?.listen((message) => {
      this.shown = message;
      this.host?.remember(message);
    });
    this.host?.send({ type: 'ready' });
  }

  override disconnectedCallback(): void {
    this.stopListening?.();
    this.removeEventListener(ActionEvent.type, this.act);
    super.disconnectedCallback();
  }

  override render() {
    const shown = this.shown;
    if (shown === undefined) return html`<main><p class="muted" role="status">Reading…</p></main>`;
    if (shown.type === 'failed') return failed(shown.message);
    const interactive = this.host !== undefined;
    const { content } = shown;
    switch (content.kind) {
      case 'report':
        return html`<main>
          <coppice-report .report=${content.report} ?interactive=${interactive}></coppice-report>
        </main>`;
      case 'run':
        return html`<main>
          <coppice-run .status=${content.status} ?own=${content.own}></coppice-run>
        </main>`;
      case 'inspection':
        return html`<main>
          <coppice-inspection
            .inspection=${content.inspection}
            .sensitivity=${content.sensitivity}
            .latency=${content.latency}
            ?interactive=${interactive}
          ></coppice-inspection>
        </main>`;
      case 'comparison':
        return html`<main>
          <coppice-comparison .comparison=${content.comparison}></coppice-comparison>
        </main>`;
    }
  }

  private readonly act = (event: Event): void => {
    if (event instanceof ActionEvent) this.host?.send({ type: 'action', action: event.detail });
  };
}

/** A message without its source, which only the host needs. */
type Shown = Pick<Extract<ToPage, { type: 'show' }>, 'type' | 'content'>;
type Failed = Pick<Extract<ToPage, { type: 'failed' }>, 'type' | 'message'>;

function failed(message: string) {
  return html`<main class="failed" role="alert">
    <h1>This page could not be made</h1>
    <p>${message}</p>
  </main>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-page': Page;
  }
}
