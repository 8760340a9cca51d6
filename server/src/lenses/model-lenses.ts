/** Above a line that names a model: *Inspect* and *Compress…*. */

import { commandIds } from '#protocol/commands';
import { uriOf } from '../workspace';
import type { Lens, LensKind } from './lens';

export const modelLenses: LensKind = {
  lensesOf(document, workspace) {
    const offered = new Set<string>();
    return workspace.locate(document).flatMap(({ path, from }): Lens[] => {
      const place = `${document.lines.lineAt(from)} ${path}`;
      if (path === undefined || offered.has(place)) return [];
      offered.add(place);
      const args = [uriOf(path)];
      const inspect = { offset: from, title: 'Inspect', command: commandIds.inspect, args };
      const compress = { offset: from, title: 'Compress…', command: commandIds.compress, args };
      return workspace.trusted ? [inspect, compress] : [inspect];
    });
  },
};
