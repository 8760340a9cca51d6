/** A sensitivity table of the example's model, as no measurement gave it. Same values every time. */
import type { LayerSensitivity, SensitivityTable, WidthSensitivity } from '#protocol/sensitivity';

/** The output's signal to noise at 8 and at 4 bits. */
const layers: readonly (readonly [name: string, eight: number, four: number])[] = [
  ['conv1', 41, 9],
  ['layer1.0.conv1', 44, 24],
  ['layer1.0.conv2', 45, 25],
  ['layer2.0.conv1', 46, 26],
  ['layer2.0.conv2', 47, 27],
  ['layer2.0.shortcut.0', 48, 28],
  ['layer2.1.conv1', 49, 29],
  ['layer2.1.conv2', 50, 30],
  ['layer3.0.conv1', 51, 31],
  ['layer3.0.conv2', 52, 34],
  ['layer3.0.shortcut.0', 53, 35],
  ['layer3.1.conv1', 52, 32],
  ['layer3.1.conv2', 54, 38],
  ['fc', 58, 39],
];

function widthOf(bits: number, level: number): WidthSensitivity {
  const verdict = level >= 35 ? 'good' : level >= 20 ? 'fair' : 'bad';
  return {
    bits,
    weightSqnrDb: level + 9,
    activationSqnrDb: level + 11,
    only: { sqnrDb: level, metric: verdict === 'bad' ? 0.61 : 0.92 },
    onlyWeights: null,
    onlyActivations: null,
    restored: bits === 8 ? null : { sqnrDb: level === 9 ? 28 : 8, metric: 0.89 },
    verdict,
    // Names come from models that anybody may have made.
    reason: verdict === 'good' ? null : 'channel 3 reaches <b>12</b> times as far as the others',
  };
}

export const sampleSensitivity: SensitivityTable = {
  version: 1,
  tool: 'Coppice 0.1.0',
  created: '2026-11-20T09:30:00.000Z',
  model: { path: 'models/fashion.onnx', hash: '' },
  profile: 'onnxruntime-cpu',
  calibrator: 'minmax',
  perChannel: true,
  samples: 256,
  partSamples: 64,
  bits: [8, 4],
  metric: { id: 'top1', title: 'top-1 accuracy', samples: 256 },
  original: 0.93,
  whole: [],
  layers: layers.map(([name, eight, four]): LayerSensitivity => ({
    ...{ name, op: name === 'fc' ? 'Gemm' : 'Conv', params: 0, macs: 0 },
    widths: [widthOf(8, eight), widthOf(4, four)],
  })),
  floats: [],
};
