/** The webview panels: one per source, made again after a reload from what the page kept of itself. */
import * as vscode from 'vscode';
import { isFromPage, isPageSource, type PageSource, type ToPage } from '#protocol/webview';
import { messageOf, type Context } from '../context';
import { performAction } from './actions';
import { loadContent, titleOf } from './content';
import { pageFolder, pageHtml } from './html';

const viewType = 'coppice.page';

/** Open panels by their source. */
const panels = new Map<string, vscode.WebviewPanel>();

/** Shows a page, or brings it to the front and reads its source again. */
export async function showPage(context: Context, source: PageSource): Promise<void> {
  const open = panels.get(keyOf(source));
  if (open !== undefined) {
    open.reveal();
    await fill(context, open, source);
    return;
  }
  const panel = vscode.window.createWebviewPanel(
    viewType,
    titleOf(source),
    vscode.ViewColumn.Active,
    {
      enableScripts: true,
      localResourceRoots: [pageFolder(context.extension.extensionUri)],
    },
  );
  attach(context, panel, source);
}

export function registerPages(context: Context): void {
  context.extension.subscriptions.push(
    vscode.window.registerWebviewPanelSerializer(viewType, {
      // The state was written by our page but kept by the editor: it is checked like any other input.
      async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
        const source = (state as { source?: unknown } | undefined)?.source;
        if (isPageSource(source)) attach(context, panel, source);
        else panel.dispose();
      },
    }),
  );
}

function attach(context: Context, panel: vscode.WebviewPanel, source: PageSource): void {
  const { extensionUri } = context.extension;
  panels.set(keyOf(source), panel);
  panel.onDidDispose(() => panels.delete(keyOf(source)));
  panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
  panel.webview.options = {
    enableScripts: true,
    localResourceRoots: [pageFolder(extensionUri)],
  };
  panel.webview.onDidReceiveMessage(async (message: unknown) => {
    if (!isFromPage(message)) return;
    if (message.type === 'ready') return fill(context, panel, source);
    try {
      const next = await performAction(source, message.action);
      if (next !== undefined) await showPage(context, next);
    } catch (error) {
      void vscode.window.showErrorMessage(messageOf(error));
    }
  });
  panel.webview.html = pageHtml(panel.webview, extensionUri, titleOf(source));
}

async function fill(
  context: Context,
  panel: vscode.WebviewPanel,
  source: PageSource,
): Promise<void> {
  let message: ToPage;
  try {
    message = { type: 'show', content: await loadContent(context, source), source };
  } catch (error) {
    message = { type: 'failed', message: messageOf(error), source };
  }
  await panel.webview.postMessage(message);
}

function keyOf(source: PageSource): string {
  return JSON.stringify(source);
}
