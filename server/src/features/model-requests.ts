/** Coppice's own requests about models: inspect, compare, print, list. */

import { statSync } from 'node:fs';
import type { Inspection } from '#protocol/inspection';
import {
  compareRequest,
  inspectRequest,
  modelsRequest,
  sensitivityRequest,
  onnxTextRequest,
  type FoundModel,
} from '#protocol/messages';
import { uriOf, type Workspace } from '../workspace';
import { fileOf, onRequest, refusal } from './custom-request';
import type { Feature } from './feature';

export const modelRequests: Feature = {
  id: 'model-requests',
  capabilities: {},
  register(server) {
    const { workspace } = server;
    const { thread } = workspace;
    onRequest(server, inspectRequest, ({ uri }) => inspectModel(fileOf(uri), workspace));
    onRequest(server, compareRequest, ({ before, after }) =>
      thread.run({ kind: 'compare', before: fileOf(before), after: fileOf(after) }),
    );
    onRequest(server, sensitivityRequest, async ({ uri }) => ({
      table: (await workspace.sensitivity.read(fileOf(uri)))?.table ?? null,
    }));
    onRequest(server, onnxTextRequest, async ({ uri }) => ({
      text: await thread.run({ kind: 'print', path: fileOf(uri) }),
    }));
    onRequest(server, modelsRequest, async () => ({ models: await listModels(workspace) }));
  },
};

async function inspectModel(path: string, workspace: Workspace): Promise<Inspection> {
  const { inspection, problem, issues } = await workspace.models.read(path);
  if (!inspection) throw refusal(problem ?? `${path} could not be read.`);
  return { ...inspection, issues: [...issues, ...inspection.issues] };
}

async function listModels(workspace: Workspace): Promise<FoundModel[]> {
  const paths = await workspace.allModels();
  return paths.flatMap((path): FoundModel[] => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return [];
    const totals = workspace.models.peek(path)?.inspection?.totals;
    return [
      {
        uri: uriOf(path),
        label: workspace.labelOf(path),
        bytes: stat.size,
        params: totals?.params ?? null,
        macs: totals?.macs ?? null,
      },
    ];
  });
}
