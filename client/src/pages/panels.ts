/** The webview panels: one per source, made again after a reload from what the page kept of itself. */
import * as vscode from 'vscode';
import { devicesNotification } from '#protocol/messages';
import {
  isFromPage,
  isPageSource,
  type PageContent,
  type PageSource,
  type ToPage,
} from '#protocol/webview';
import { messageOf, type Context } from '../context';
import { performAction } from './actions';
import { loadContent, titleOf } from './content';
import { pageFolder, pageHtml } from './html';

const viewType = 'coppice.page';

/** How often a page that shows a run is read again, in milliseconds. */
const refreshPause = 500;

interface OpenPage {
  readonly panel: vscode.WebviewPanel;
  readonly source: PageSource;
  /** Reads the source again, and again for as long as it is a run under way. */
  show(): Promise<void>;
}

/** Open pages by their source. */
const pages = new Map<string, OpenPage>();

/** Shows a page, or brings it to the front and reads its source again. */
export async function showPage(context: Context, source: PageSource): Promise<void> {
  const open = pages.get(keyOf(source));
  if (open !== undefined) {
    open.panel.reveal();
    await open.show();
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

/** Reads the source of an open page again. */
export async function refreshPage(source: PageSource): Promise<void> {
  await pages.get(keyOf(source))?.show();
}

export function isVisible(source: PageSource): boolean {
  return pages.get(keyOf(source))?.panel.visible ?? false;
}

export function registerPages(context: Context): void {
  context.extension.subscriptions.push(
    // Other devices were chosen, or have other figures.
    context.on(devicesNotification, () => {
      for (const { source, show } of pages.values()) if (source.kind === 'inspection') void show();
    }),
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
  let timer: NodeJS.Timeout | undefined;
  const show = async (): Promise<void> => {
    const content = await fill(context, panel, source);
    clearTimeout(timer);
    if (isUnderWay(content)) timer = setTimeout(() => void showIfSeen(), refreshPause);
  };
  // A page that is hidden is gone; nothing needs to be read for it until it is shown.
  const showIfSeen = async (): Promise<void> => {
    if (panel.visible) await show();
  };
  pages.set(keyOf(source), { panel, source, show });
  panel.onDidChangeViewState(showIfSeen);
  panel.onDidDispose(() => {
    clearTimeout(timer);
    pages.delete(keyOf(source));
  });
  panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
  panel.webview.options = {
    enableScripts: true,
    localResourceRoots: [pageFolder(extensionUri)],
  };
  panel.webview.onDidReceiveMessage(async (message: unknown) => {
    if (!isFromPage(message)) return;
    if (message.type === 'ready') return show();
    try {
      const next = await performAction(source, message.action);
      if (next !== undefined) await showPage(context, next);
    } catch (error) {
      void vscode.window.showErrorMessage(messageOf(error));
    }
  });
  panel.webview.html = pageHtml(panel.webview, extensionUri, titleOf(source));
}

/** Undefined where there was nothing to show but a failure. */
async function fill(
  context: Context,
  panel: vscode.WebviewPanel,
  source: PageSource,
): Promise<PageContent | undefined> {
  let message: ToPage;
  try {
    message = { type: 'show', content: await loadContent(context, source), source };
  } catch (error) {
    message = { type: 'failed', message: messageOf(error), source };
  }
  // It may have been closed in the meantime.
  if (pages.get(keyOf(source))?.panel !== panel) return undefined;
  await panel.webview.postMessage(message);
  return message.type === 'show' ? message.content : undefined;
}

function isUnderWay(content: PageContent | undefined): boolean {
  return content?.kind === 'run' && content.status.state === 'running';
}

function keyOf(source: PageSource): string {
  return JSON.stringify(source);
}
