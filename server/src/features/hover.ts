/** Hovers of every kind; the first that has something to say wins. */

import type { Hover, HoverParams } from 'vscode-languageserver';
import { hoverKinds } from '../hints';
import type { Feature } from './feature';

export const hover: Feature = {
  id: 'hover',
  capabilities: { hoverProvider: true },
  register({ connection, workspace, answer }) {
    connection.onHover(
      answer<HoverParams, Hover | null>('hover', null, (document, { position }) => {
        const offset = document.lines.offsetAt(position);
        for (const kind of hoverKinds) {
          const found = kind.hoverAt(document, offset, workspace);
          if (!found) continue;
          return {
            contents: { kind: 'markdown', value: found.markdown },
            range: document.lines.rangeOf(found),
          };
        }
        return null;
      }),
    );
  },
};
