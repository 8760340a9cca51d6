/** A report of a run that never was, with everything in it that the page can show. Same values every time. */
import type { GroupReport, LayerComparison, LayerFigures, Report } from '#protocol/report';

const stages = [
  { name: 'layer1', blocks: 3, channels: 16, size: 32 },
  { name: 'layer2', blocks: 3, channels: 32, size: 16 },
  { name: 'layer3', blocks: 3, channels: 64, size: 8 },
] as const;

const layers: readonly LayerComparison[] = [
  convolution('conv1', 3, 16, 3, 16, 32),
  ...stages.flatMap((stage, index) =>
    Array.from({ length: stage.blocks * 2 }, (_, at) => {
      const first = at === 0 && index > 0;
      const inputs = first ? stage.channels / 2 : stage.channels;
      const inner = Math.round(stage.channels * (0.75 - 0.06 * ((index * 6 + at) % 6)));
      const name = `${stage.name}.${String(Math.floor(at / 2))}.conv${String((at % 2) + 1)}`;
      return at % 2 === 0
        ? convolution(name, inputs, stage.channels, inputs, inner, stage.size)
        : convolution(name, stage.channels, stage.channels, inner, stage.channels, stage.size);
    }),
  ),
  {
    name: 'fc',
    op: 'Gemm',
    before: { params: 650, macs: 640, channels: 10, ...timed(640, 'Gemm') },
    after: { params: 650, macs: 640, channels: 10, ...timed(640, 'Gemm') },
  },
];

export function sampleReport(changes: Partial<Report> = {}): Report {
  return {
    version: 1,
    tool: 'coppice 0.1.0',
    created: '2026-11-20T09:30:00.000Z',
    recipe: {
      path: 'coppice.yaml',
      text: 'model: models/fashion.onnx\nsteps:\n  - prune: { criterion: fpgm, scope: global, macs: 0.5 }\noutput: build/fashion-small.onnx\n',
      hash: 'sha256:5d41402abc4b2a76b9719d911017c592',
    },
    model: { path: 'models/fashion.onnx', hash: 'sha256:7d793037a0760186574b0282f2f435e7' },
    output: 'build/fashion-small.onnx',
    seed: 0,
    runtime: 'ONNX Runtime 1.30.0',
    metric: { id: 'top1', title: 'top-1 accuracy', samples: 2000 },
    before: { ...totals('before'), latencyMs: 3.91, metric: 0.9285 },
    after: { ...totals('after'), latencyMs: 2.24, metric: 0.9145 },
    timing: {
      before: { totalMs: 3.82, layersMs: 3.61, conversionsMs: 0.04 },
      after: { totalMs: 2.19, layersMs: 2.02, conversionsMs: 0.04 },
    },
    steps: [
      {
        pass: 'prune',
        options: { criterion: 'fpgm', scope: 'global', macs: 0.5, round: 1 },
        seconds: 8.214,
        figures: { ...totals('after'), latencyMs: 2.24, metric: 0.9145 },
        groups: groups(),
        notes: ['Reconstructed the consumers of 9 cut layers from 512 calibration samples.'],
      },
    ],
    verification: {
      loads: true,
      shapesMatch: true,
      maxRelativeError: 2.4e-7,
      maxAbsError: 1.9e-6,
      messages: [],
    },
    layers,
    issues: [
      {
        severity: 'information',
        code: 'assumed-size',
        message: 'The batch dimension N counts as 1 for costs.',
      },
      { severity: 'warning', code: 'floor', message: 'layer3.2.conv1 is at its max_ratio of 0.7.' },
    ],
    ...changes,
  };
}

function groups(): readonly GroupReport[] {
  return layers
    .filter((layer) => layer.op === 'Conv')
    .map((layer, index) => {
      const before = layer.before?.channels ?? 0;
      const after = layer.after?.channels ?? 0;
      return {
        subject: `g${String(index)}`,
        layers: [layer.name],
        before,
        after,
        reason:
          after < before
            ? `${String(before - after)} channels nearest to the geometric median of their layer`
            : 'Coupled with the shortcut of its stage; the target was met without it',
      };
    });
}

function convolution(
  name: string,
  inputs: number,
  outputs: number,
  inputsAfter: number,
  outputsAfter: number,
  size: number,
): LayerComparison {
  const side = (from: number, to: number) => ({
    params: from * to * 9,
    macs: from * to * 9 * size * size,
    channels: to,
    ...timed(from * to * 9 * size * size, 'Conv'),
  });
  return {
    name,
    op: 'Conv',
    before: side(inputs, outputs),
    after: side(inputsAfter, outputsAfter),
  };
}

function timed(macs: number, kernel: string): Pick<LayerFigures, 'bits' | 'latencyMs' | 'kernel'> {
  return { bits: 32, latencyMs: 0.004 + (0.09 * macs) / 1e6, kernel };
}

function totals(side: 'before' | 'after'): { params: number; macs: number; weightBytes: number } {
  const sum = (key: 'params' | 'macs') =>
    layers.reduce((total, layer) => total + (layer[side]?.[key] ?? 0), 0);
  return { params: sum('params'), macs: sum('macs'), weightBytes: sum('params') * 4 };
}
