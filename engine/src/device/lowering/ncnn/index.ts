/**
 * ncnn after its converter and optimizer: batch normalization in the weights, ReLU and Clip in the
 * layer before, functions that are spelled out as one layer, constants gone.
 */

import { Workload } from '../../workload';
import { dropIdle } from '../ort-cpu/drop-idle';
import { foldConstants } from '../ort-cpu/fold-constants';
import { foldIntoConv } from '../ort-cpu/fold-into-conv';
import { fuseGelu, fuseLayerNormalization, fuseQuickGelu } from '../ort-cpu/fuse-functions';
import { RunGraph } from '../ort-cpu/run-graph';
import type { LoweringRules } from '../rules';
import { dropQuantizers } from './drop-quantizers';
import { fuseActivation, fuseBias } from './fuse-after';
import { fuseHardSwish } from './fuse-hard-swish';
import { fuseShuffle } from './fuse-shuffle';
import { ncnnKernels } from './layers';
import { layerOf } from './operators';

const rules = [
  foldConstants,
  dropIdle,
  dropQuantizers,
  foldIntoConv,
  fuseLayerNormalization,
  fuseGelu,
  fuseHardSwish,
  fuseQuickGelu,
  fuseShuffle,
  fuseBias,
  fuseActivation,
];

export const ncnn: LoweringRules = {
  id: 'ncnn',
  doc: 'ncnn: layers of its own with activations in them; Winograd for 3×3 convolutions.',
  lower: (workload) => {
    const graph = new RunGraph(converted(workload), 1);
    for (const rule of rules) rule.apply(graph);
    return [...graph.all()].flatMap((operator) =>
      ncnnKernels(layerOf(operator, graph), operator.nodes),
    );
  },
};

/** Converting fixes the sizes, and no caller can replace a weight afterwards. */
function converted({ graph, types, resolve, layers }: Workload): Workload {
  return new Workload(graph, types, resolve, layers, { types, overridable: new Set() });
}
