/**
 * ONNX Runtime's CPU provider with all its optimizations, as of version 1.30: what it folds, fuses,
 * lays out anew and leaves out before it runs a model, in its order.
 */

import type { LoweringRules } from '../rules';
import { blockChannels } from './block-channels';
import { channelsLast } from './channels-last';
import { dropIdle } from './drop-idle';
import { foldConstants } from './fold-constants';
import { foldIntoConv } from './fold-into-conv';
import { fuseActivation, fuseAddend } from './fuse-activation';
import {
  fuseBiasGelu,
  fuseGelu,
  fuseLayerNormalization,
  fuseQuickGelu,
  fuseSkipLayerNormalization,
} from './fuse-functions';
import { fuseMatMul } from './fuse-matmul';
import { fuseQuantizers } from './fuse-quantizers';
import { makeGemm } from './gemm';
import { nearCache, type Kernel } from '../../kernel';
import { kernelOf } from './kernels';
import type { OrtRule } from './rule';
import { RunGraph } from './run-graph';
import { shareEqual } from './share-equal';

export const ortRules: readonly OrtRule[] = [
  foldConstants,
  dropIdle,
  foldIntoConv,
  makeGemm,
  fuseLayerNormalization,
  fuseGelu,
  fuseQuickGelu,
  shareEqual,
  fuseQuantizers,
  fuseActivation,
  fuseMatMul,
  fuseSkipLayerNormalization,
  fuseBiasGelu,
  blockChannels,
  channelsLast,
  fuseAddend,
];

export const ortCpu: LoweringRules = {
  id: 'ort-cpu',
  doc: 'ONNX Runtime, CPU provider: fusions, channels in blocks and their reorders, integer kernels.',
  lower: (workload, block) => {
    const graph = new RunGraph(workload, block);
    for (const rule of ortRules) rule.apply(graph);
    return withCold([...graph.all()].map((operator) => kernelOf(operator, graph)));
  },
};

/** Weights are read once in a run, and activations lie where others lay before. */
function withCold(kernels: readonly Kernel[]): Kernel[] {
  const weights = kernels.reduce(
    (sum, { size }) => sum + size.weights * (size.weightBytes ?? 4),
    0,
  );
  const largest = kernels.reduce(
    (most, { size }) => Math.max(most, size.outputs * (size.activationBytes ?? 4)),
    0,
  );
  const cold = Math.max(0, 1 - nearCache / (weights + 2 * largest));
  return kernels.map((kernel) => ({ ...kernel, size: { ...kernel.size, cold } }));
}
