/** Diagnostics, pushed: soon after a text was changed, and whenever models have become known. */

import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import { checks } from '../checks';
import type { SourceDocument } from '../documents/source-document';
import type { Feature, ServerContext } from './feature';

/** Typing goes on for so long, in milliseconds, before a text is checked. */
const pause = 200;

const severityOf = {
  hint: DiagnosticSeverity.Hint,
  information: DiagnosticSeverity.Information,
  warning: DiagnosticSeverity.Warning,
  error: DiagnosticSeverity.Error,
} as const;

export const diagnostics: Feature = {
  id: 'diagnostics',
  capabilities: {},
  register(server) {
    const { workspace } = server;
    const timers = new Map<string, NodeJS.Timeout>();
    const schedule = (document: SourceDocument): void => {
      clearTimeout(timers.get(document.uri));
      timers.set(
        document.uri,
        setTimeout(() => {
          timers.delete(document.uri);
          publish(document, server);
        }, pause),
      );
    };
    workspace.onDidChange((document) => {
      if (document) schedule(document);
      else for (const each of workspace.documents.values()) schedule(each);
    });
  },
};

function publish(document: SourceDocument, { connection, workspace, log }: ServerContext): void {
  const { uri, version } = document;
  const isOpen = workspace.documents.get(uri) === document;
  try {
    const found = isOpen ? diagnosticsOf(document, workspace) : [];
    void connection.sendDiagnostics({ uri, version, diagnostics: found });
  } catch (error) {
    log('diagnostics failed', error);
  }
}

function diagnosticsOf(
  document: SourceDocument,
  workspace: ServerContext['workspace'],
): Diagnostic[] {
  return checks
    .flatMap((check) => check.findingsOf(document, workspace))
    .flatMap(({ severity, code, message, ...span }) =>
      severity === 'off'
        ? []
        : [
            {
              range: document.lines.rangeOf(span),
              severity: severityOf[severity],
              source: 'coppice',
              code,
              message,
            },
          ],
    );
}
