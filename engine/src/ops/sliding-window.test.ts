import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttributeValue } from '../ir/attributes';
import { testAgainstRuntime, testAgainstSpec } from './testing/differential';
import {
  constant,
  costOf,
  describeInferred,
  fed,
  infer,
  oneNode,
  runInOnnxRuntime,
} from './testing/one-node';

const image = fed('float', [2, 4, 11, 13]);

testAgainstRuntime('Convolution', [
  oneNode('Conv', 'strides and pads', [image, constant('float', [6, 4, 3, 3])], {
    attributes: { strides: [2, 3], pads: [1, 0, 2, 1] },
  }),
  oneNode(
    'Conv',
    'grouped and dilated, with bias',
    [image, constant('float', [6, 2, 3, 2]), constant('float', [6])],
    { attributes: { group: 2, dilations: [2, 3] } },
  ),
  oneNode('Conv', 'depthwise, kernel given', [image, constant('float', [4, 1, 5, 3])], {
    attributes: { group: 4, kernel_shape: [5, 3] },
  }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    oneNode('Conv', auto_pad, [image, constant('float', [3, 4, 4, 3])], {
      attributes: { auto_pad, strides: [2, 3] },
    }),
  ),
  oneNode('Conv', 'one dimension', [fed('float', [1, 3, 17]), constant('float', [5, 3, 4])], {
    attributes: { strides: [4], pads: [2, 1] },
  }),
  oneNode('Conv', 'three dimensions', [
    fed('float', [1, 2, 5, 6, 7]),
    constant('float', [3, 2, 2, 3, 1]),
  ]),
  oneNode('Conv', 'weight computed at run time', [image, fed('float', [6, 4, 3, 3])]),
  oneNode('ConvTranspose', 'stride 2', [image, constant('float', [4, 5, 3, 3])], {
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
  }),
  oneNode('ConvTranspose', 'grouped and dilated', [image, constant('float', [4, 3, 2, 3])], {
    attributes: { group: 2, dilations: [3, 2], strides: [1, 3] },
  }),
  oneNode('ConvTranspose', 'output shape given', [image, constant('float', [4, 5, 3, 3])], {
    attributes: { strides: [2, 2], output_shape: [23, 26] },
  }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    oneNode('ConvTranspose', auto_pad, [image, constant('float', [4, 2, 4, 2])], {
      attributes: { auto_pad, strides: [3, 3] },
    }),
  ),
  oneNode(
    'DeformConv',
    'offsets and mask',
    [
      fed('float', [1, 4, 9, 8]),
      constant('float', [6, 4, 3, 2]),
      fed('float', [1, 12, 4, 7]),
      constant('float', [6]),
      fed('float', [1, 6, 4, 7]),
    ],
    { attributes: { strides: [2, 1] } },
  ),
  oneNode(
    'DeformConv',
    'padded',
    [fed('float', [1, 2, 5, 5]), constant('float', [3, 2, 3, 3]), fed('float', [1, 18, 5, 5])],
    { attributes: { pads: [1, 1, 1, 1], kernel_shape: [3, 3] } },
  ),
  oneNode(
    'DeformConv',
    'grouped',
    [fed('float', [2, 4, 5, 5]), constant('float', [4, 2, 2, 2]), fed('float', [2, 16, 4, 4])],
    { attributes: { group: 2, offset_group: 2 } },
  ),
]);

testAgainstRuntime('Pooling', [
  ...['MaxPool', 'AveragePool', 'LpPool'].flatMap((op) => [
    oneNode(op, 'strides and pads', [image], {
      attributes: { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] },
    }),
    oneNode(op, 'last window cut by ceil mode', [fed('float', [1, 1, 4, 7])], {
      attributes: { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1, pads: [0, 0, 1, 1] },
    }),
    oneNode(op, 'ceil mode and dilations', [image], {
      attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, dilations: [2, 1] },
    }),
    oneNode(op, 'SAME_UPPER', [image], {
      attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' },
    }),
    oneNode(op, 'VALID', [image], {
      attributes: { kernel_shape: [4, 3], strides: [2, 2], auto_pad: 'VALID' },
    }),
  ]),
  oneNode('MaxPool', 'with indices', [image], {
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    outputs: 2,
  }),
  oneNode('MaxPool', 'old version, one dimension', [fed('float', [1, 2, 9])], {
    attributes: { kernel_shape: [3], strides: [2] },
    opset: 8,
  }),
  oneNode('MaxPool', 'bytes', [fed('uint8', [1, 2, 9, 9])], {
    attributes: { kernel_shape: [3, 3] },
  }),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].flatMap((op) => [
    oneNode(op, 'image', [image]),
    oneNode(op, 'sequence', [fed('float', [2, 3, 7])]),
    oneNode(op, 'volume', [fed('float', [1, 2, 3, 4, 5])]),
  ]),
  oneNode('MaxUnpool', 'plain', [fed('float', [1, 1, 3, 3]), fed('int64', [1, 1, 3, 3])], {
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  oneNode('MaxUnpool', 'padded', [fed('float', [1, 1, 3, 3]), fed('int64', [1, 1, 3, 3])], {
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0] },
  }),
  oneNode(
    'MaxUnpool',
    'output shape given',
    [fed('float', [1, 1, 2, 2]), fed('int64', [1, 1, 2, 2]), constant('int64', [4], [1, 1, 5, 5])],
    { attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
  ),
  oneNode(
    'RoiAlign',
    'three regions',
    [fed('float', [2, 3, 9, 9]), fed('float', [3, 4]), fed('int64', [3])],
    { attributes: { output_height: 4, output_width: 2, sampling_ratio: 2 } },
  ),
  oneNode('RoiAlign', 'defaults', [
    fed('float', [2, 3, 9, 9]),
    fed('float', [5, 4]),
    fed('int64', [5]),
  ]),
  oneNode('MaxRoiPool', 'regions', [fed('float', [2, 3, 9, 9]), fed('float', [4, 5])], {
    attributes: { pooled_shape: [2, 3] },
  }),
]);

testAgainstSpec('Convolution', [
  [
    oneNode('Conv', 'half precision', [
      fed('float16', [1, 3, 8, 8]),
      constant('float16', [4, 3, 1, 1]),
    ]),
    ['float16[1,4,8,8]'],
  ],
]);

describe('windows of any size against ONNX Runtime', () => {
  const axis = fc.record({
    size: fc.integer({ min: 1, max: 20 }),
    kernel: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 5 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 2 }),
  });
  const autoPad = fc.constantFrom('NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER');

  test.each(['MaxPool', 'AveragePool', 'Conv', 'ConvTranspose'])('%s', async (op) => {
    await fc.assert(
      fc.asyncProperty(axis, autoPad, fc.boolean(), async (given, auto_pad, ceil) => {
        const { size, kernel, stride, dilation, before, after } = given;
        const pooling = op.endsWith('Pool');
        fc.pre(!pooling || (before < kernel && after < kernel));
        fc.pre(op !== 'ConvTranspose' || (size - 1) * stride + kernel > before + after);
        fc.pre(size + before + after > dilation * (kernel - 1));
        fc.pre(auto_pad === 'NOTSET' || size > dilation * (kernel - 1));
        // ONNX Runtime refuses to pad dilated convolutions by itself.
        // Nor does it take windows that would need negative padding.
        const steps = Math.ceil(size / stride) - 1;
        fc.pre(!pooling || !auto_pad.startsWith('SAME') || steps * stride + kernel >= size);
        fc.pre(op !== 'Conv' || dilation === 1 || !auto_pad.startsWith('SAME'));
        const attributes: Record<string, AttributeValue> = {
          auto_pad,
          kernel_shape: [kernel],
          strides: [stride],
          dilations: [dilation],
        };
        if (auto_pad === 'NOTSET') attributes.pads = [before, after];
        if (pooling) attributes.ceil_mode = Number(ceil);
        const weight = constant('float', [1, 1, kernel]);
        const inputs = [fed('float', [1, 1, size]), ...(pooling ? [] : [weight])];
        const each = oneNode(op, 'random', inputs, { attributes });
        const actual = await runInOnnxRuntime(each);
        expect([describeInferred(each, infer(each), 'o0')]).toEqual(actual);
      }),
      { numRuns: 150 },
    );
  });
});

test('costs are products of what each output, or input, is summed over', () => {
  const conv = oneNode('Conv', '', [image, constant('float', [6, 2, 3, 3])], {
    attributes: { group: 2 },
  });
  expect(costOf(conv).macs).toBe(2 * 6 * 9 * 11 * 2 * 9);
  const transposed = oneNode('ConvTranspose', '', [image, constant('float', [4, 3, 2, 2])], {
    attributes: { group: 2, strides: [2, 2] },
  });
  expect(costOf(transposed).macs).toBe(2 * 4 * 11 * 13 * 3 * 4);
  const pool = oneNode('MaxPool', '', [image], { attributes: { kernel_shape: [2, 2] } });
  expect(costOf(pool)).toEqual({ macs: 0, elementwise: 2 * 4 * 10 * 12 * 4 });
});
