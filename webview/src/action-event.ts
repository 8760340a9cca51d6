/** How a button deep in a view reaches the page, which alone talks to the host. */
import type { PageAction } from '#protocol/webview';

export class ActionEvent extends CustomEvent<PageAction> {
  static readonly type = 'coppice-action';

  constructor(action: PageAction) {
    super(ActionEvent.type, { detail: action, bubbles: true, composed: true });
  }
}
