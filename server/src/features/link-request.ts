/** Coppice's request for the model that a source file is shown with. */

import { linkRequest } from '#protocol/messages';
import { candidatesFor, explicitLink, linkOf, nearest, reasonOf } from '../pytorch/link';
import { uriOf } from '../workspace';
import { onRequest } from './custom-request';
import type { Feature } from './feature';

export const linkRequests: Feature = {
  id: 'link-request',
  capabilities: {},
  register(server) {
    const { workspace } = server;
    onRequest(server, linkRequest, async ({ uri }) => {
      const document = workspace.documents.get(uri);
      if (!document) return { linked: null, candidates: [] };
      await workspace.allModels();
      const files = document.modules.length > 0 ? nearest(document, workspace) : [];
      for (const path of files) await workspace.models.read(path);
      const linked = explicitLink(document, workspace) ?? linkOf(document, workspace)?.path;
      const candidates = candidatesFor(document, workspace).links.map((link) => ({
        uri: uriOf(link.path),
        label: workspace.labelOf(link.path),
        reason: reasonOf(link, document.modules),
      }));
      return { linked: linked === undefined ? null : uriOf(linked), candidates };
    });
  },
};
