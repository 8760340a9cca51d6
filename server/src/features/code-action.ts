/** Code actions of every kind: quick fixes for findings, and what advice can be followed. */

import {
  CodeActionKind,
  type CodeAction,
  type CodeActionParams,
  type Diagnostic,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import { actionKinds } from '../actions';
import type { Action, FileEdit } from '../actions/action';
import { LineIndex, type Range } from '../documents/line-index';
import type { Feature } from './feature';

const kinds = { quickfix: CodeActionKind.QuickFix, refactor: CodeActionKind.RefactorRewrite };

export const codeAction: Feature = {
  id: 'code-action',
  capabilities: { codeActionProvider: { codeActionKinds: Object.values(kinds) } },
  register({ connection, workspace, answer }) {
    connection.onCodeAction(
      answer<CodeActionParams, CodeAction[]>('code-action', [], (document, { range, context }) => {
        const { lines } = document;
        const span = { from: lines.offsetAt(range.start), to: lines.offsetAt(range.end) };
        const wanted = ({ kind }: Action): boolean =>
          !context.only || context.only.some((only) => isWithin(kinds[kind], only));
        return actionKinds
          .flatMap((kind) => kind.actionsAt(document, span, workspace))
          .filter(wanted)
          .map((action) => describe(action, lines, context.diagnostics));
      }),
    );
  },
};

function describe(
  { title, kind, isPreferred, mends, edit, command }: Action,
  lines: LineIndex,
  diagnostics: readonly Diagnostic[],
): CodeAction {
  const place = mends && lines.rangeOf(mends);
  const mended = diagnostics.filter(
    ({ range, source }) => place && source === 'coppice' && isSame(range, place),
  );
  return {
    title,
    kind: kinds[kind],
    ...(isPreferred ? { isPreferred } : {}),
    ...(mended.length > 0 ? { diagnostics: mended } : {}),
    ...(edit ? { edit: workspaceEdit(edit) } : {}),
    ...(command ? { command: { title, command: command.id, arguments: [...command.args] } } : {}),
  };
}

function workspaceEdit({ uri, text, edits }: FileEdit): WorkspaceEdit {
  const lines = new LineIndex(text);
  return {
    changes: {
      [uri]: edits.map(({ text: newText, ...span }) => ({ range: lines.rangeOf(span), newText })),
    },
  };
}

/** Kinds are paths: `refactor.rewrite` is a `refactor`. */
function isWithin(kind: string, only: string): boolean {
  return only === '' || kind === only || kind.startsWith(`${only}.`);
}

function isSame(a: Range, b: Range): boolean {
  return (
    a.start.line === b.start.line &&
    a.start.character === b.start.character &&
    a.end.line === b.end.line &&
    a.end.character === b.end.character
  );
}
