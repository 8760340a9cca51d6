import { testAgainstRuntime } from './testing/differential';
import { constant, fed, oneNode } from './testing/one-node';

const x = fed('float', [2, 3, 4, 5]);
const list = (...values: number[]) => constant('int64', [values.length], values);

testAgainstRuntime('Products', [
  oneNode('Gemm', 'plain', [fed('float', [3, 4]), constant('float', [4, 5])]),
  oneNode(
    'Gemm',
    'transposed, with bias',
    [fed('float', [4, 3]), constant('float', [5, 4]), constant('float', [5])],
    {
      attributes: { transA: 1, transB: 1, alpha: { f: 0.5 } },
    },
  ),
  oneNode('Gemm', 'bias column', [
    fed('float', [3, 4]),
    constant('float', [4, 5]),
    constant('float', [3, 1]),
  ]),
  oneNode('MatMul', 'matrices', [fed('float', [3, 4]), constant('float', [4, 5])]),
  oneNode('MatMul', 'batches broadcast', [fed('float', [2, 1, 3, 4]), fed('float', [6, 4, 5])]),
  oneNode('MatMul', 'vector on the left', [fed('float', [4]), fed('float', [2, 4, 5])]),
  oneNode('MatMul', 'vector on the right', [fed('float', [2, 3, 4]), fed('float', [4])]),
  oneNode('MatMul', 'two vectors', [fed('float', [4]), fed('float', [4])]),
  oneNode('MatMul', 'integers', [fed('int64', [2, 3]), fed('int64', [3, 2])]),
]);

testAgainstRuntime('Joining and splitting', [
  oneNode('Concat', 'negative axis', [x, fed('float', [2, 3, 4, 1])], { attributes: { axis: -1 } }),
  oneNode('Concat', 'one input', [x], { attributes: { axis: 0 } }),
  oneNode(
    'Concat',
    'an empty one',
    [fed('float', [2, 3]), constant('float', [0, 3]), fed('float', [1, 3])],
    {
      attributes: { axis: 0 },
    },
  ),
  oneNode('Split', 'equal parts', [x], { attributes: { axis: 2, num_outputs: 2 }, outputs: 2 }),
  oneNode('Split', 'last one smaller', [x], {
    attributes: { axis: -1, num_outputs: 3 },
    outputs: 3,
  }),
  oneNode('Split', 'sizes as input', [x, list(1, 4)], { attributes: { axis: 3 }, outputs: 2 }),
  oneNode('Split', 'sizes as attribute', [x], {
    attributes: { axis: 1, split: [2, 1] },
    outputs: 2,
    opset: 11,
  }),
  oneNode('Split', 'equal parts by outputs', [x], { outputs: 2, opset: 13 }),
  oneNode('Split', 'sizes at run time', [x, fed('int64', [2], [1, 3])], {
    attributes: { axis: 2 },
    outputs: 2,
    unknown: 2,
  }),
]);

testAgainstRuntime('Slicing', [
  oneNode('Slice', 'two axes', [x, list(1, 0), list(3, 2), list(2, 1)]),
  oneNode('Slice', 'negative bounds', [x, list(-3, -2), list(-1, 100), list(3, -2)]),
  oneNode('Slice', 'to the end', [x, list(1), list(Number.MAX_SAFE_INTEGER), list(3)]),
  oneNode('Slice', 'without axes', [x, list(1, 1), list(2, 2)]),
  oneNode('Slice', 'steps', [x, list(0, 1), list(4, 5), list(2, 3), list(3, 2)]),
  oneNode('Slice', 'backwards', [x, list(-1), list(-100), list(3), list(-1)]),
  oneNode('Slice', 'backwards in steps', [x, list(10), list(0), list(3), list(-2)]),
  oneNode('Slice', 'backwards over everything', [
    x,
    list(2 ** 31 - 1),
    list(-(2 ** 31)),
    list(2),
    list(-1),
  ]),
  oneNode('Slice', 'nothing left', [x, list(3), list(1), list(3)]),
  oneNode('Slice', 'bounds as attributes', [x], {
    attributes: { starts: [1, 0], ends: [2, -1], axes: [1, 3] },
    opset: 9,
  }),
  oneNode('Slice', 'bounds as attributes, without axes', [x], {
    attributes: { starts: [0, 1], ends: [1, 9_999] },
    opset: 9,
  }),
  oneNode(
    'Slice',
    'bounds at run time',
    [x, fed('int64', [1], [1]), fed('int64', [1], [3]), list(2)],
    {
      unknown: 1,
    },
  ),
  oneNode('Gather', 'scalar index', [x, constant('int64', [], [1])], { attributes: { axis: 1 } }),
  oneNode('Gather', 'matrix of indices', [x, fed('int64', [2, 2])], { attributes: { axis: -2 } }),
  oneNode('Gather', 'embedding', [constant('float', [10, 6]), fed('int64', [2, 7])]),
]);

testAgainstRuntime('Reshaping', [
  oneNode('Reshape', 'rest', [x, list(2, -1)]),
  oneNode('Reshape', 'copies', [x, list(0, 0, -1)]),
  oneNode('Reshape', 'zero is zero', [constant('float', [0, 3]), list(3, 0)], {
    attributes: { allowzero: 1 },
  }),
  oneNode('Reshape', 'copies a zero', [constant('float', [0, 3]), list(0, 3, 1)]),
  oneNode('Reshape', 'to a scalar', [fed('float', [1, 1]), constant('int64', [0], [])]),
  oneNode('Reshape', 'shape at run time', [x, fed('int64', [2], [8, 15])], {
    unknownSymbols: 1,
    unknown: 2,
  }),
  oneNode('Flatten', 'default', [x]),
  oneNode('Flatten', 'negative axis', [x], { attributes: { axis: -1 } }),
  oneNode('Flatten', 'axis 0', [x], { attributes: { axis: 0 } }),
  oneNode('Flatten', 'axis behind the last', [x], { attributes: { axis: 4 } }),
  oneNode('Squeeze', 'axes as input', [fed('float', [1, 3, 1, 5]), list(0, -2)]),
  oneNode('Squeeze', 'axes as attribute', [fed('float', [1, 3, 1])], {
    attributes: { axes: [0] },
    opset: 11,
  }),
  oneNode('Squeeze', 'all', [constant('float', [1, 3, 1])]),
  oneNode('Unsqueeze', 'axes as input', [fed('float', [3, 4]), list(0, -1)]),
  oneNode('Unsqueeze', 'axes as attribute', [fed('float', [3, 4])], {
    attributes: { axes: [1, 3] },
    opset: 11,
  }),
  oneNode('Unsqueeze', 'scalar', [fed('float', []), list(0)]),
  oneNode('Transpose', 'reversed', [x]),
  oneNode('Transpose', 'permuted', [x], { attributes: { perm: [0, 2, 3, 1] } }),
  oneNode('Transpose', 'vector', [fed('int64', [5])], { attributes: { perm: [0] } }),
  oneNode('Expand', 'both ways', [fed('float', [3, 1]), list(2, 1, 6)]),
  oneNode('Expand', 'smaller target', [fed('float', [3, 4]), list(1)]),
  oneNode('Expand', 'target at run time', [fed('float', [3, 1]), fed('int64', [2], [3, 6])], {
    unknownSymbols: 1,
    unknown: 2,
  }),
  oneNode('Tile', 'repeats', [fed('float', [2, 3]), list(2, 3)]),
  oneNode('Tile', 'not at all', [fed('float', [2, 3]), list(1, 0)]),
  oneNode('Tile', 'repeats at run time', [fed('float', [2, 3]), fed('int64', [2], [2, 1])], {
    unknown: 2,
  }),
  oneNode('Pad', 'widths as input', [x, list(0, 1, 2, 0, 0, 0, 1, 3)]),
  oneNode('Pad', 'crops', [x, list(0, 0, -1, 0, 0, 0, 0, -2)]),
  oneNode('Pad', 'some axes', [x, list(1, 2, 3, 4), undefined, list(-1, 1)], {
    attributes: { mode: 'edge' },
  }),
  oneNode('Pad', 'widths as attribute', [fed('float', [2, 3])], {
    attributes: { pads: [0, 1, 2, 0] },
    opset: 10,
  }),
  oneNode('DepthToSpace', 'blocks', [fed('float', [1, 8, 2, 3])], { attributes: { blocksize: 2 } }),
  oneNode('DepthToSpace', 'CRD', [fed('float', [1, 9, 2, 3])], {
    attributes: { blocksize: 3, mode: 'CRD' },
  }),
  oneNode('DepthToSpace', 'one', [fed('float', [1, 4, 2, 3])], { attributes: { blocksize: 1 } }),
  oneNode('SpaceToDepth', 'blocks', [fed('float', [1, 2, 4, 6])], { attributes: { blocksize: 2 } }),
  oneNode('SpaceToDepth', 'larger', [fed('float', [2, 1, 9, 6])], { attributes: { blocksize: 3 } }),
  oneNode('SpaceToDepth', 'one', [fed('float', [2, 1, 9, 6])], { attributes: { blocksize: 1 } }),
]);

const scales = (...values: number[]) => constant('float', [values.length], values);
const aspect = (keep_aspect_ratio_policy: string) => ({ keep_aspect_ratio_policy });

testAgainstRuntime('Resizing and sampling', [
  oneNode('Resize', 'scales', [x, undefined, scales(1, 1, 2, 2)]),
  oneNode('Resize', 'smaller', [x, undefined, scales(1, 1, 0.5, 0.34)], { unknownSymbols: 1 }),
  oneNode(
    'Resize',
    'an odd factor',
    [fed('float', [1, 1, 7, 7]), undefined, scales(1, 1, 1.2857143, 2.3)],
    { unknownSymbols: 2 },
  ),
  oneNode('Resize', 'sizes', [x, undefined, undefined, list(2, 3, 7, 9)]),
  oneNode(
    'Resize',
    'empty scales',
    [x, constant('float', [0], []), constant('float', [0], []), list(2, 3, 7, 9)],
    {
      opset: 11,
    },
  ),
  oneNode('Resize', 'some axes', [x, undefined, undefined, list(7, 9)], {
    attributes: { axes: [2, 3] },
    opset: 18,
  }),
  oneNode('Resize', 'axes with scales', [x, undefined, scales(2, 3)], {
    attributes: { axes: [-1, -2] },
    opset: 19,
  }),
  ...['stretch', 'not_larger', 'not_smaller'].map((policy) =>
    oneNode('Resize', policy, [fed('float', [1, 1, 5, 8]), undefined, undefined, list(9, 11)], {
      attributes: { axes: [2, 3], ...aspect(policy) },
      opset: 19,
      unknownSymbols: policy === 'stretch' ? 0 : 2,
    }),
  ),
  oneNode('Resize', 'version 10', [x, scales(1, 1, 1.5, 3)], { opset: 10 }),
  oneNode('Resize', 'version 11, linear', [x, constant('float', [0], []), scales(1, 1, 2, 3)], {
    attributes: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    opset: 11,
  }),
  oneNode(
    'Resize',
    'version 13, cropped',
    [x, constant('float', [8], [0, 0, 0.2, 0.2, 1, 1, 0.8, 0.8]), undefined, list(2, 3, 4, 5)],
    {
      attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
      opset: 13,
    },
  ),
  oneNode('Upsample', 'scales as attribute', [x], {
    attributes: { scales: { floats: [1, 1, 2, 3] } },
    opset: 8,
  }),
  oneNode('Upsample', 'scales as input', [x, scales(1, 1, 2, 1)], { opset: 9 }),
  oneNode('Upsample', 'an odd factor', [x, scales(1, 1, 1.3, 1.7)], {
    opset: 9,
    unknownSymbols: 2,
  }),
  oneNode('GridSample', 'image', [x, fed('float', [2, 6, 7, 2])]),
  oneNode('GridSample', 'volume', [fed('float', [1, 2, 3, 4, 5]), fed('float', [1, 2, 2, 6, 3])]),
  oneNode('GridSample', 'version 16', [x, fed('float', [2, 1, 1, 2])], {
    attributes: { mode: 'nearest' },
    opset: 16,
  }),
  oneNode('AffineGrid', 'image', [fed('float', [2, 2, 3]), list(2, 3, 5, 6)]),
  oneNode('AffineGrid', 'volume', [fed('float', [1, 3, 4]), list(1, 3, 4, 5, 6)]),
  oneNode('AffineGrid', 'aligned', [fed('float', [1, 2, 3]), list(1, 1, 2, 2)], {
    attributes: { align_corners: 1 },
  }),
]);

testAgainstRuntime('Reductions', [
  ...[
    'ReduceSum',
    'ReduceProd',
    'ReduceMax',
    'ReduceMin',
    'ReduceMean',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSum',
    'ReduceLogSumExp',
    'ReduceSumSquare',
  ].flatMap((op) => [
    oneNode(op, 'all', [x]),
    oneNode(op, 'axes as input', [x, list(1, -1)], { attributes: { keepdims: 0 } }),
    oneNode(op, 'axes as attribute', [x], { attributes: { axes: [2] }, opset: 11 }),
    oneNode(op, 'none', [x, constant('int64', [0], [])], {
      attributes: { noop_with_empty_axes: 1 },
    }),
  ]),
  oneNode('ReduceSum', 'axes at run time', [x, fed('int64', [1], [1])], { unknown: 4 }),
  ...['ArgMax', 'ArgMin'].flatMap((op) => [
    oneNode(op, 'kept', [x]),
    oneNode(op, 'dropped', [x], { attributes: { axis: -2, keepdims: 0 } }),
    oneNode(op, 'last index', [x], { attributes: { axis: 3, select_last_index: 1 } }),
  ]),
  oneNode('TopK', 'k as input', [x, list(2)], { attributes: { axis: 1 }, outputs: 2 }),
  oneNode('TopK', 'k as attribute', [x], { attributes: { k: 3 }, outputs: 2, opset: 9 }),
  oneNode('TopK', 'k at run time', [x, fed('int64', [1], [2])], { outputs: 2, unknown: 2 }),
  oneNode(
    'NonMaxSuppression',
    'all limits',
    [
      fed('float', [1, 6, 4]),
      fed('float', [1, 2, 6]),
      list(3),
      constant('float', [1], [0.5]),
      constant('float', [1], [0.1]),
    ],
    { unknown: 1 },
  ),
  oneNode(
    'NonMaxSuppression',
    'some limits',
    [fed('float', [1, 6, 4]), fed('float', [1, 2, 6]), list(3)],
    { unknown: 1 },
  ),
  oneNode(
    'NonMaxSuppression',
    'version 10',
    [fed('float', [2, 4, 4]), fed('float', [2, 1, 4]), list(1)],
    { unknown: 1, opset: 10 },
  ),
]);

testAgainstRuntime('Making values', [
  oneNode('Shape', 'whole', [x]),
  oneNode('Shape', 'part', [x], { attributes: { start: 1, end: -1 } }),
  oneNode('Shape', 'beyond', [x], { attributes: { start: -10, end: 10 } }),
  oneNode('Size', 'image', [x]),
  oneNode('Size', 'scalar', [fed('float', [])]),
  oneNode('Size', 'integers', [fed('int64', [4])]),
  oneNode('Cast', 'to integers', [x], { attributes: { to: 7 } }),
  oneNode('Cast', 'to truth', [fed('int64', [3])], { attributes: { to: 9 } }),
  oneNode('Cast', 'to half', [x], { attributes: { to: 10 } }),
  oneNode('CastLike', 'double', [x, fed('double', [1])]),
  oneNode('CastLike', 'bytes', [x, fed('uint8', [2])]),
  oneNode('CastLike', 'truth', [x, fed('bool', [])]),
  oneNode('ConstantOfShape', 'default', [list(2, 3)]),
  oneNode('ConstantOfShape', 'scalar', [constant('int64', [0], [])]),
  oneNode('ConstantOfShape', 'shape at run time', [fed('int64', [2], [2, 2])], {
    unknownSymbols: 1,
    unknown: 2,
  }),
  oneNode('Constant', 'an integer', [], { attributes: { value_int: 3 } }),
  oneNode('Constant', 'integers', [], { attributes: { value_ints: [3, 4] } }),
  oneNode('Constant', 'floats', [], { attributes: { value_floats: { floats: [1, 2, 3] } } }),
  oneNode('Range', 'integers', [
    constant('int64', [], [2]),
    constant('int64', [], [11]),
    constant('int64', [], [3]),
  ]),
  oneNode('Range', 'backwards', [
    constant('float', [], [2]),
    constant('float', [], [-1]),
    constant('float', [], [-0.4]),
  ]),
  oneNode(
    'Range',
    'limit at run time',
    [constant('int64', [], [0]), fed('int64', [], [4]), constant('int64', [], [1])],
    { unknown: 1 },
  ),
]);
