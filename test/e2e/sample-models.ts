/** An inspection and a comparison of the models that the sample report is about. */
import type { ModelComparison } from '#protocol/comparison';
import type { Inspection, LayerInfo, ModelTotals } from '#protocol/inspection';
import type { ModelFigures } from '#protocol/report';
import { sampleReport } from './sample-report';

export function sampleInspection(): Inspection {
  const { before, layers } = sampleReport();
  return {
    model: {
      path: 'models/fashion.onnx',
      irVersion: 10,
      opsets: { '': 18 },
      inputs: [{ name: 'image', dtype: 'float32', shape: ['N', 1, 32, 32] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['N', 10] }],
    },
    totals: totals(before, layers.length),
    layers: layers.map((layer, index): LayerInfo => {
      const last = index === layers.length - 1;
      const channels = layer.before?.channels ?? 0;
      return {
        name: layer.name,
        op: layer.op,
        node: `/${layer.name.replaceAll('.', '/')}/${layer.op}`,
        outputShape: last ? ['N', channels] : ['N', channels, 32, 32],
        params: layer.before?.params ?? 0,
        macs: layer.before?.macs ?? 0,
        weightBytes: (layer.before?.params ?? 0) * 4,
        latencyMs: null,
        group: last ? null : `g${String(index)}`,
        channels,
        prunable: last ? 0 : channels,
        pinned: last ? 'Its channels are the outputs of the graph.' : null,
      };
    }),
    issues: [
      {
        severity: 'information',
        code: 'symbolic-dim',
        message: 'The batch dimension N counts as 1 for costs.',
      },
    ],
  };
}

export function sampleComparison(): ModelComparison {
  const { before, after, layers } = sampleReport();
  return {
    before: { path: 'models/fashion.onnx', totals: totals(before, layers.length) },
    after: { path: 'build/fashion-small.onnx', totals: totals(after, layers.length) },
    layers: [...layers, { name: 'head.scale', op: 'Conv', before: null, after: layers[0].after }],
    issues: [],
  };
}

function totals(figures: ModelFigures, layers: number): ModelTotals {
  return {
    params: figures.params,
    buffers: 1120,
    macs: figures.macs,
    weightBytes: figures.weightBytes,
    peakActivationBytes: 131_072,
    latencyMs: null,
    layers,
    prunableShare: 0.94,
  };
}
