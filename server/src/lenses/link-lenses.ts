/** Above the classes of a PyTorch source: which model the hints come from, and a way to change it. */

import { commandIds } from '#protocol/commands';
import { linkOf } from '../pytorch/link';
import type { Lens, LensKind } from './lens';

export const linkLenses: LensKind = {
  lensesOf(document, workspace) {
    const link = linkOf(document, workspace);
    if (!link) return [];
    const title = `Layers of ${workspace.labelOf(link.path)}`;
    return document.modules.flatMap(({ name, from }): Lens[] => {
      const isShown = link.match.instances.has(name);
      return isShown
        ? [{ offset: from, title, command: commandIds.linkModel, args: [document.uri] }]
        : [];
    });
  },
};
