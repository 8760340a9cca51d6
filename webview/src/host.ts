/** The page's side of the conversation with the extension host, or with nobody in a stand-alone report. */
import {
  isReport,
  isToPage,
  type FromPage,
  type PageContent,
  type ToPage,
} from '#protocol/webview';

interface VsCodeApi {
  postMessage(message: FromPage): void;
  getState(): unknown;
  setState(state: ToPage): void;
}

declare const acquireVsCodeApi: (() => VsCodeApi) | undefined;

export interface Host {
  /** What the page showed before it was hidden or reloaded. */
  readonly remembered: ToPage | undefined;
  send(message: FromPage): void;
  remember(message: ToPage): void;
  /** Calls `listener` for every well-formed message, until the returned function is called. */
  listen(listener: (message: ToPage) => void): () => void;
}

/** Undefined where there is no editor around the page. May be called once per document. */
export function connectHost(): Host | undefined {
  if (typeof acquireVsCodeApi === 'undefined') return undefined;
  const api = acquireVsCodeApi();
  const state = api.getState();
  return {
    remembered: isToPage(state) ? state : undefined,
    send: (message) => api.postMessage(message),
    remember: (message) => api.setState(message),
    listen(listener) {
      const receive = ({ data }: MessageEvent<unknown>) => {
        if (isToPage(data)) listener(data);
      };
      window.addEventListener('message', receive);
      return () => window.removeEventListener('message', receive);
    },
  };
}

/** The content that a stand-alone report carries inside itself. */
export function embeddedContent(): PageContent | undefined {
  const element = document.getElementById('coppice-report');
  if (element === null) return undefined;
  const report: unknown = JSON.parse(element.textContent ?? '');
  return isReport(report) ? { kind: 'report', report } : undefined;
}
