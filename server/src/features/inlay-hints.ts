/** Inlay hints of every kind that the settings allow. */

import { InlayHint, type InlayHintParams } from 'vscode-languageserver';
import { hintKinds } from '../hints';
import type { Feature } from './feature';

export const inlayHints: Feature = {
  id: 'inlay-hints',
  capabilities: { inlayHintProvider: true },
  register({ connection, workspace, answer }) {
    connection.languages.inlayHint.on(
      answer<InlayHintParams, InlayHint[]>('inlay-hints', [], (document, { range }) => {
        const { lines } = document;
        const [from, to] = [lines.offsetAt(range.start), lines.offsetAt(range.end)];
        return hintKinds
          .filter(({ id }) => workspace.settingsFor(document.path).inlayHints[id])
          .flatMap((kind) => kind.hintsOf(document, workspace))
          .filter(({ offset }) => offset >= from && offset <= to)
          .map(({ offset, text, tooltip }) => ({
            ...InlayHint.create(lines.positionAt(offset), text),
            paddingLeft: true,
            ...(tooltip ? { tooltip: { kind: 'markdown', value: tooltip } } : {}),
          }));
      }),
    );
  },
};
