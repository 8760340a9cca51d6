/** In ONNX text: the model's card over its header, and a layer's figures over its node. */

import type { HoverKind } from '../hints/hover-kind';
import { modelLatencySection } from '../hints/latency-hover';
import { layerSections } from '../hints/layer-hover';
import { modelCard } from '../hints/model-card';
import type { Span } from '../documents/line-index';
import { textModelOf } from './text-model';

export const textHover: HoverKind = {
  hoverAt(document, offset, workspace) {
    const found = textModelOf(document, workspace);
    if (!found) return undefined;
    const { header, inspection } = found;
    const holds = ({ from, to }: Span): boolean => offset >= from && offset <= to;
    if (holds(header)) {
      const estimates = workspace.latencyOf(document.path);
      const latency = modelLatencySection(estimates, inspection.totals, workspace.devices);
      return { ...header, markdown: modelCard(inspection, latency) };
    }
    // Of nodes inside of each other the innermost.
    const node = found.layers.filter(holds).sort((a, b) => a.to - a.from - (b.to - b.from))[0];
    if (!node) return undefined;
    const parts = layerSections([node.layer], workspace.knownOf(document.path), workspace);
    const markdown = parts.filter((part) => part !== '').join('\n\n');
    return { from: node.from, to: node.to, markdown };
  },
};
