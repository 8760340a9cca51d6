/** A model in ONNX text as the editor sees it: where its nodes stand, and which layers they are. */

import type { Inspection, LayerInfo } from '#protocol/inspection';
import { nodeLabel } from '#engine/ir/naming';
import { parseModel } from '#engine/onnx/text/parse';
import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';

const language = 'onnx-text';

/** Longer texts are data rather than source. */
const longestText = 4_000_000;

export interface TextModel {
  readonly inspection: Inspection;
  /** The line that says what goes in and out. */
  readonly header: Span;
  readonly layers: readonly (Span & { readonly layer: LayerInfo })[];
}

/**
 * The places are those of the text as it is now, the figures those of the file: of the text as it was
 * saved, or of the binary model that it shows.
 */
export function textModelOf(document: SourceDocument, workspace: Workspace): TextModel | undefined {
  if (document.languageId !== language || document.text.length > longestText) return undefined;
  const state = workspace.models.look(document.path);
  const inspection = state.kind === 'missing' ? undefined : state.reading?.inspection;
  if (!inspection) return undefined;
  const { nodes, header } = document.once(placesKey, () => placesIn(document.text));
  const byNode = new Map(inspection.layers.map((layer) => [layer.node, layer]));
  const layers = nodes.flatMap(({ label, ...span }) => {
    const layer = byNode.get(label);
    return layer ? [{ ...span, layer }] : [];
  });
  return { inspection, header, layers };
}

const placesKey = Symbol('places of nodes');

function placesIn(text: string): { nodes: (Span & { label: string })[]; header: Span } {
  const { positions } = parseModel(text);
  const nodes = positions.nodes.map(({ node, start, end }) => ({
    label: nodeLabel(node),
    from: start,
    to: end,
  }));
  const header = /^(?!\s*#).*=>.*$/m.exec(text);
  const from = header?.index ?? 0;
  return { nodes, header: { from, to: from + (header?.[0].trimEnd().length ?? 0) } };
}
