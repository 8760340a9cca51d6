/** Diagnostics, pushed: soon after a text was changed, and whenever models have become known. */

import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import { isBudgetSource } from '../budgets/budget-store';
import { checks } from '../checks';
import type { Finding } from '../checks/check';
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
      // What recipes ask of models shows wherever those are named.
      if (document && !isBudgetSource(document)) schedule(document);
      else {
        if (document) schedule(document);
        for (const each of workspace.documents.values()) schedule(each);
      }
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
    .flatMap(({ severity, code, message, related, ...span }) =>
      severity === 'off'
        ? []
        : [
            {
              range: document.lines.rangeOf(span),
              severity: severityOf[severity],
              source: 'coppice',
              code,
              message,
              ...(related ? { relatedInformation: related.map(toRelated) } : {}),
            },
          ],
    );
}

function toRelated({ uri, range, message }: NonNullable<Finding['related']>[number]) {
  return { location: { uri, range }, message };
}
