/** In ONNX text: what the model costs behind its header, and what each layer costs behind its node. */

import { layerText } from '../hints/layer-text';
import type { HintKind } from '../hints/hint';
import { modelText } from '../hints/model-text';
import { textModelOf } from './text-model';

export const textModelHints: HintKind = {
  id: 'model',
  hintsOf(document, workspace) {
    const found = textModelOf(document, workspace);
    if (!found) return [];
    const latency = workspace.latencyOf(document.path);
    return [{ offset: found.header.to, text: modelText(found.inspection, latency) }];
  },
};

export const textLayerHints: HintKind = {
  id: 'layer',
  hintsOf(document, workspace) {
    const found = textModelOf(document, workspace);
    if (!found) return [];
    const known = workspace.knownOf(document.path);
    const total = found.inspection.totals.macs;
    return found.layers.map(({ to, layer }) => ({
      offset: to,
      text: layerText([layer], total, known),
    }));
  },
};
