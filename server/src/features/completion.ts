/** Completion in recipes. */

import {
  CompletionItemKind,
  type CompletionItem,
  type CompletionParams,
} from 'vscode-languageserver';
import { complete, type Suggestion } from '../recipe/complete';
import type { Feature } from './feature';

const kindOf: Readonly<Record<Suggestion['kind'], CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  file: CompletionItemKind.File,
  layer: CompletionItemKind.Field,
};

export const completion: Feature = {
  id: 'completion',
  capabilities: { completionProvider: { triggerCharacters: [' ', '{', ',', '/', '.'] } },
  register({ connection, workspace, answer }) {
    connection.onCompletion(
      answer<CompletionParams, CompletionItem[]>('completion', [], (document, { position }) => {
        const offset = document.lines.offsetAt(position);
        return complete(document, offset, workspace).map(
          ({ label, insert, kind, documentation, from, to }, order) => ({
            label,
            kind: kindOf[kind],
            documentation,
            // In the order of the schema and of the model, not of the alphabet.
            sortText: String(order).padStart(5, '0'),
            filterText: insert,
            textEdit: { range: document.lines.rangeOf({ from, to }), newText: insert },
          }),
        );
      }),
    );
  },
};
