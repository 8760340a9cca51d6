import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import { constant, fed, oneNode } from './testing/one-node';

const domain = 'com.microsoft';
const signal = fed('float', [2, 16, 1]);
const scalar = (value: number) => constant('int64', [], [value]);

testAgainstRuntime('Signals', [
  oneNode('DFT', 'real signal', [signal], { opset: 20 }),
  oneNode('DFT', 'one-sided, axis and length given', [signal, scalar(10), scalar(1)], {
    opset: 20,
    attributes: { onesided: 1 },
  }),
  oneNode('DFT', 'inverse of complex', [fed('float', [2, 8, 2])], {
    opset: 20,
    attributes: { inverse: 1 },
  }),
  oneNode('DFT', 'axis attribute before opset 20', [fed('float', [2, 6, 8, 1])], {
    opset: 17,
    attributes: { axis: 2, onesided: 1 },
  }),
  oneNode('STFT', 'window and frame length', [
    signal,
    scalar(4),
    constant('float', [8]),
    scalar(8),
  ]),
  oneNode('STFT', 'two-sided, window only', [signal, scalar(3), constant('float', [6])], {
    attributes: { onesided: 0 },
  }),
  oneNode('STFT', 'frame length only', [signal, scalar(5), undefined, scalar(7)]),
  oneNode('HannWindow', 'default type', [scalar(10)]),
  oneNode('HammingWindow', 'double', [scalar(10)], { attributes: { output_datatype: 11 } }),
  oneNode('BlackmanWindow', 'size given at run time', [fed('int64', [], [7])], { unknown: 1 }),
  oneNode('HannWindow', 'size given at run time', [fed('int64', [], [7])], { unknown: 1 }),
  oneNode('HammingWindow', 'symmetric', [scalar(9)], { attributes: { periodic: 0 } }),
  oneNode('BlackmanWindow', 'symmetric', [scalar(9)], { attributes: { periodic: 0 } }),
  oneNode('MelWeightMatrix', 'default type', [
    scalar(8),
    scalar(16),
    scalar(8000),
    constant('float', [], [0]),
    constant('float', [], [4000]),
  ]),
  oneNode(
    'MelWeightMatrix',
    'double',
    [scalar(4), scalar(9), scalar(8000), constant('float', [], [0]), constant('float', [], [2000])],
    { attributes: { output_datatype: 11 } },
  ),
]);

// Kernels of the GPU build only.
testAgainstSpec('Signals', [
  [
    oneNode('Rfft', 'odd length', [fed('double', [15])], {
      domain,
      attributes: { signal_ndim: 1, onesided: 1, normalized: 0 },
    }),
    ['double[8,2]'],
  ],
  [
    oneNode('Irfft', 'one signal', [fed('float16', [5, 2])], {
      domain,
      attributes: { signal_ndim: 1, onesided: 1, normalized: 0 },
    }),
    ['float16[8]'],
  ],
  [
    oneNode('Rfft', 'last axis', [fed('float', [2, 3, 16])], {
      domain,
      attributes: { signal_ndim: 1, onesided: 1, normalized: 0 },
    }),
    ['float[2,3,9,2]'],
  ],
  [
    oneNode('Irfft', 'back again', [fed('float', [2, 3, 9, 2])], {
      domain,
      attributes: { signal_ndim: 1, onesided: 1, normalized: 0 },
    }),
    ['float[2,3,16]'],
  ],
]);
