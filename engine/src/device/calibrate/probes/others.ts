/** Probes that are not made of convolutions. */

import { between, channels, pick } from './draw';
import type { Network, Value } from './network';
import type { Probe } from './probe';

export const dense: Probe = {
  id: 'dense',
  doc: 'Fully connected layers, of few and of many weights.',
  build: (net) => {
    const { random } = net;
    let x = net.input([pick(random, [1, 1, 1, 4]), between(random, 16, 2048)]);
    const most = pick(random, [128, 1024, 4096, 8192]);
    for (let i = 0; i < 4; i++) x = net.relu(net.dense(x, between(random, 16, most)));
    return [net.map('Softmax', net.dense(x, between(random, 2, 1000)), { axis: -1 })];
  },
};

export const tiny: Probe = {
  id: 'tiny',
  doc: 'Networks for digits and keywords: few channels, of any number, small maps, small layers.',
  build: (net) => {
    const { random } = net;
    const size = pick(random, [12, 16, 20, 28, 32, 49]);
    let x = net.input([1, pick(random, [1, 1, 3]), size, size]);
    for (let i = 0; i < 3; i++) {
      x = net.relu(net.conv(x, between(random, 3, 48), { kernel: pick(random, [1, 3, 3, 5]) }));
      const windows = pick(random, [2, 3]);
      if (x.shape[2] > 4)
        x = net.pool(pick(random, ['MaxPool', 'MaxPool', 'AveragePool']), x, windows, 2);
    }
    const y = net.relu(net.dense(net.flatten(x), between(random, 8, 256)));
    return [net.map('Softmax', net.dense(y, between(random, 2, 100)), { axis: -1 })];
  },
};

export const transformer: Probe = {
  id: 'transformer',
  doc: 'Attention and feed-forward blocks over a sequence.',
  build: (net) => {
    const { random } = net;
    const heads = pick(random, [2, 3, 4, 8]);
    const width = heads * pick(random, [15, 16, 32, 64]);
    const tokens = pick(random, [16, 28, 40, 64, 128, 197]);
    const x = net.input([1, tokens, width]);
    const inner = between(random, width, 4 * width);
    const forward = (y: Value): Value => project(net, gelu(net, project(net, y, inner)), width);
    if (random.uniform() < 0.5) {
      const attended = normalized(net, net.add(x, attention(net, x, heads)));
      return [normalized(net, net.add(attended, forward(attended)))];
    }
    const attended = net.add(x, attention(net, normalized(net, x), heads));
    return [net.add(attended, forward(normalized(net, attended)))];
  },
};

export const elementwise: Probe = {
  id: 'elementwise',
  doc: 'What is done to each element of a map, to parts of it, or to its sizes.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [1, 7, 14, 28, 56, 80, 112]);
    const width = 2 * channels(random, 4, Math.min(256, 6000 / map));
    const x = net.input([1, width, map, map]);
    const per = net.weight([1, width, 1, 1]);
    const one = net.scalar(0.5);
    const y = net.add(net.mul(x, per), per);
    const sum = net.map('Relu', net.add(y, x));
    const clipped = net.op('Clip', [net.add(sum, one), net.scalar(0), net.scalar(6)], x.shape);
    const swish = net.op('Div', [net.mul(sum, clipped), net.scalar(6)], x.shape);
    const axis = pick(random, [1, 2, 3]);
    const half = Math.max(1, Math.floor(x.shape[axis] / 2));
    const front = net.op(
      'Slice',
      [swish, net.integers([0]), net.integers([half]), net.integers([axis])],
      x.shape.map((size, i) => (i === axis ? half : size)),
    );
    const pairs = net.reshape(x, [1, (width * map * map) / 2, 2]);
    const normal = ['weight', 'bias', 'mean', 'variance'].map(() => net.weight([width]));
    return [
      net.concat([front, y], axis),
      net.map('Sigmoid', y),
      net.map('HardSigmoid', sum),
      net.map('Tanh', x),
      net.map('Exp', x),
      net.op('Sub', [x, one], x.shape),
      net.op('BatchNormalization', [x, ...normal], x.shape),
      net.op('ReduceMean', [x], [1, width, 1, 1], { axes: [2, 3], keepdims: 1 }),
      random.uniform() < 0.5
        ? net.map('Softmax', x, { axis: -1 })
        : net.map('Softmax', pairs, { axis: -1 }),
      net.transpose(
        x,
        pick(random, [
          [0, 2, 3, 1],
          [0, 2, 1, 3],
          [0, 1, 3, 2],
        ]),
      ),
      net.op('Pad', [x, net.integers([0, 0, 1, 1, 0, 0, 1, 1])], [1, width, map + 2, map + 2]),
      net.globalPool(sum),
      net.map('LeakyRelu', y),
      net.map('LRN', x, { size: 5 }),
    ];
  },
};

export const resizing: Probe = {
  id: 'resizing',
  doc: 'Enlargements of maps and what lies around them, as in detectors and segmentation.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [10, 13, 20, 26, 40]);
    const width = channels(random, 8, 128);
    const x = net.relu(net.conv(net.input([1, 16, map, map]), width));
    const scales = net.weightOf([1, 1, 2, 2]);
    const shape = [1, width, 2 * map, 2 * map];
    const mode = pick(random, ['nearest', 'nearest', 'linear']);
    const coordinate_transformation_mode = pick(random, ['asymmetric', 'half_pixel']);
    const attributes = {
      mode,
      coordinate_transformation_mode,
      ...(mode === 'nearest' && { nearest_mode: 'floor' }),
    };
    const large = net.op('Resize', [x, '', scales], shape, attributes);
    const other = net.op(
      'Resize',
      [net.input([1, width, map, map]), '', scales],
      shape,
      attributes,
    );
    const merged = net.add(
      large,
      net.relu(net.conv(net.input([1, 3, 2 * map, 2 * map]), width, { kernel: 3 })),
    );
    const opened = net.op(
      'ConvTranspose',
      [x, net.weight([width, 16, 2, 2])],
      [1, 16, 2 * map, 2 * map],
      { kernel_shape: [2, 2], strides: [2, 2] },
    );
    return [net.conv(merged, 16), net.map('Sigmoid', opened), net.map('Relu', other)];
  },
};

/** With the scores scaled on the way, as exporters write it. */
function attention(net: Network, x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape;
  const each = width / heads;
  const split = (perm: number[]): Value =>
    net.transpose(net.reshape(project(net, x, width), [batch, tokens, heads, each]), perm);
  const query = net.op(
    'Div',
    [split([0, 2, 1, 3]), net.scalar(Math.sqrt(each))],
    [batch, heads, tokens, each],
  );
  const scores = net.op('MatMul', [query, split([0, 2, 3, 1])], [batch, heads, tokens, tokens]);
  const weights = net.op('Softmax', [scores], scores.shape, { axis: -1 });
  const mixed = net.op('MatMul', [weights, split([0, 2, 1, 3])], [batch, heads, tokens, each]);
  const joined = net.reshape(net.transpose(mixed, [0, 2, 1, 3]), x.shape);
  return project(net, joined, width);
}

function project(net: Network, x: Value, width: number): Value {
  const shape = [...x.shape.slice(0, -1), width];
  const product = net.op('MatMul', [x, net.weight([x.shape.at(-1)!, width])], shape);
  return net.add(product, net.weight([width]));
}

function normalized(net: Network, x: Value): Value {
  const width = x.shape.at(-1)!;
  const inputs = [x, net.weight([width]), net.weight([width])];
  return net.op('LayerNormalization', inputs, x.shape, { axis: -1 });
}

function gelu(net: Network, x: Value): Value {
  const erf = net.map('Erf', net.op('Div', [x, net.scalar(Math.SQRT2)], x.shape));
  return net.mul(net.mul(x, net.add(erf, net.scalar(1))), net.scalar(0.5));
}
