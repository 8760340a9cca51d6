/** Over a literal that names a model: the model's card. */

import { commandIds } from '#protocol/commands';
import type { Inspection } from '#protocol/inspection';
import type { SourceDocument } from '../documents/source-document';
import { devicesOf } from '../recipe/recipe-model';
import { uriOf, type Workspace } from '../workspace';
import type { HoverKind } from './hover-kind';
import { modelLatencySection } from './latency-hover';
import { commandLink, prose } from './markdown';
import { modelCard } from './model-card';

export const modelHover: HoverKind = {
  hoverAt(document, offset, workspace) {
    const reference = workspace
      .locate(document)
      .find(({ from, to }) => offset >= from && offset <= to);
    const path = reference?.path;
    if (!reference || path === undefined) return undefined;
    const state = workspace.models.look(path);
    if (state.kind === 'missing') return undefined;
    const { reading } = state;
    const text = reading?.inspection
      ? modelCard(reading.inspection, latencyOn(path, reading.inspection, document, workspace))
      : prose(reading?.problem ?? `Reading ${workspace.labelOf(path)}…`);
    const links = modelLinks(path, workspace);
    const { from, to } = reference;
    return { from, to, markdown: links ? `${text}\n\n${links}` : text };
  },
};

function latencyOn(
  path: string,
  { totals }: Inspection,
  document: SourceDocument,
  workspace: Workspace,
): string {
  const estimates = workspace.latencyOf(path, devicesOf(document, workspace));
  return modelLatencySection(estimates, totals, workspace.devices);
}

function modelLinks(path: string, workspace: Workspace): string {
  if (!workspace.linksCommands) return '';
  const args = [uriOf(path)];
  const links = [commandLink('Inspect', commandIds.inspect, args)];
  if (workspace.trusted) links.push(commandLink('Compress…', commandIds.compress, args));
  links.push(commandLink('Open as text', commandIds.openAsText, args));
  return links.join(' · ');
}
