/** Code lenses: what can be done with the model, the class or the recipe of a line. */

import type { CodeLens, CodeLensParams } from 'vscode-languageserver';
import { lensKinds } from '../lenses';
import type { Feature } from './feature';

export const codeLens: Feature = {
  id: 'code-lens',
  capabilities: { codeLensProvider: { resolveProvider: false } },
  register({ connection, workspace, answer }) {
    connection.onCodeLens(
      answer<CodeLensParams, CodeLens[]>('code-lens', [], (document) => {
        if (!workspace.settingsFor(document.path).codeLens) return [];
        return lensKinds
          .flatMap((kind) => kind.lensesOf(document, workspace))
          .map(({ offset, title, command, args }) => {
            const position = document.lines.positionAt(offset);
            return {
              range: { start: position, end: position },
              command: { title, command, arguments: [...args] },
            };
          });
      }),
    );
  },
};
