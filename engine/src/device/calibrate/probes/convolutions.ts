/** Probes that are made of convolutions. */

import { between, channels, pick } from './draw';
import type { Network, Value } from './network';
import type { Probe } from './probe';

export const plain: Probe = {
  id: 'plain',
  doc: 'A stem on an image, then dense convolutions of several sizes, pooled in between.',
  build: (net) => {
    const { random } = net;
    const size = pick(random, [32, 64, 96, 128, 160, 224]);
    let x = stem(net, size);
    const largest = pick(random, [28, 56, 56, 112]);
    while (x.shape[2] > largest) x = net.pool(pick(random, ['MaxPool', 'AveragePool']), x, 3, 2);
    for (let i = 0; i < 5; i++) {
      const kernel = pick(random, [1, 3, 3, 3, 5]);
      const most = Math.min(512, 9000 / x.shape[2]);
      x = net.relu(
        net.conv(x, channels(random, 12, most), { kernel, stride: pick(random, [1, 1, 1, 2]) }),
      );
    }
    return [net.dense(net.flatten(net.globalPool(x)), between(random, 10, 1000))];
  },
};

export const residual: Probe = {
  id: 'residual',
  doc: 'Basic blocks: two 3×3 convolutions and a sum, on small and large maps.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [8, 16, 32, 28, 56, 14, 7]);
    const width = channels(random, 8, Math.min(512, 4000 / map));
    let x = net.relu(net.conv(net.input([1, width, map, map]), width, { kernel: 3 }));
    for (let i = 0; i < 2; i++) {
      const inner = pick(random, [width, channels(random, 8, width)]);
      const y = net.relu(net.conv(x, inner, { kernel: 3 }));
      x = net.relu(net.add(net.conv(y, width, { kernel: 3 }), x));
    }
    const wide = 2 * width;
    const y = net.conv(net.relu(net.conv(x, wide, { kernel: 3, stride: 2 })), wide, { kernel: 3 });
    return [net.globalPool(net.relu(net.add(y, net.conv(x, wide, { stride: 2 }))))];
  },
};

export const bottleneck: Probe = {
  id: 'bottleneck',
  doc: 'Blocks of 1×1, 3×3 and 1×1 convolutions and a sum.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [7, 14, 28, 56]);
    const narrow = channels(random, 24, Math.min(512, 3600 / map));
    const wide = channels(random, narrow, 4 * narrow);
    let x = net.relu(net.conv(net.input([1, 64, map, map]), wide));
    for (let i = 0; i < 2; i++) {
      const y = net.relu(net.conv(net.relu(net.conv(x, narrow)), narrow, { kernel: 3 }));
      x = net.relu(net.add(net.conv(y, wide), x));
    }
    return [net.relu(net.conv(x, narrow, { stride: 2 })), net.globalPool(x)];
  },
};

export const inverted: Probe = {
  id: 'inverted',
  doc: 'Inverted residuals: expansion, depthwise convolution, projection, sum; with and without gates.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [7, 14, 28, 56, 112]);
    const most = Math.min(1100, 18000 / map);
    let x = net.conv(net.input([1, 16, map, map]), channels(random, 8, most / 5));
    for (let i = 0; i < 3; i++) {
      const width = channels(random, 24, most);
      const kernel = pick(random, [3, 3, 5]);
      const stride = x.shape[2] > 7 ? pick(random, [1, 1, 2]) : 1;
      let y = activation(net, net.conv(x, width));
      y = activation(net, net.conv(y, width, { kernel, stride, groups: width }));
      if (random.uniform() < 0.4) y = gated(net, y);
      const output = stride === 1 ? x.shape[1] : channels(random, 8, most / 4);
      y = net.conv(y, output);
      x = stride === 1 ? net.add(y, x) : y;
    }
    return [x];
  },
};

export const separable: Probe = {
  id: 'separable',
  doc: 'Depthwise and pointwise convolutions in turn, from an image to small maps.',
  build: (net) => {
    const { random } = net;
    let x = stem(net, pick(random, [49, 96, 128, 224]), pick(random, [8, 16, 24, 32]));
    for (let i = 0; i < 6; i++) {
      const stride = x.shape[2] > 8 ? pick(random, [1, 2, 2]) : 1;
      x = net.relu(net.conv(x, x.shape[1], { kernel: 3, stride, groups: x.shape[1] }));
      x = net.relu(net.conv(x, channels(random, 8, Math.min(1024, 9000 / x.shape[2]))));
    }
    return [net.dense(net.flatten(net.globalPool(x)), between(random, 2, 1000))];
  },
};

export const branches: Probe = {
  id: 'branches',
  doc: 'Parallel convolutions that are concatenated, pooled and normalized, with and without whole blocks of channels.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [7, 14, 28, 56, 112]);
    const most = Math.min(320, 6000 / map);
    let x = net.relu(net.conv(net.input([1, 32, map, map]), channels(random, 16, most)));
    for (let i = 0; i < 2; i++) {
      const squeezed = net.relu(net.conv(x, channels(random, 8, most)));
      x = net.concat([
        net.relu(net.conv(squeezed, channels(random, 16, most))),
        net.relu(net.conv(squeezed, channels(random, 16, most), { kernel: 3 })),
        ...(i === 1 ? [net.pool(pick(random, ['MaxPool', 'AveragePool']), x, 3, 1)] : []),
      ]);
      x = net.relu(net.normalized(x));
      if (i === 0 && x.shape[2] > 14) x = net.pool('MaxPool', x, pick(random, [2, 3]), 2);
    }
    return [net.map('Relu', net.pool('AveragePool', x, pick(random, [2, 3]), 2)), net.conv(x, 16)];
  },
};

export const grouped: Probe = {
  id: 'grouped',
  doc: 'Grouped convolutions and the shuffles between them.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [7, 14, 28]);
    const groups = pick(random, [2, 3, 4, 8]);
    const width = groups * channels(random, 8, Math.min(64, 800 / map));
    let x = net.relu(net.conv(net.input([1, 16, map, map]), width));
    for (let i = 0; i < 2; i++) {
      x = net.relu(net.conv(x, width, { groups, kernel: pick(random, [1, 3]) }));
      const split = net.reshape(x, [1, groups, width / groups, map, map]);
      x = net.reshape(net.transpose(split, [0, 2, 1, 3, 4]), x.shape);
      x = net.conv(x, width, { kernel: 3, groups: width });
    }
    const most = pick(random, [2, 3, 4, 5]);
    return [
      net.conv(x, width, { groups }),
      net.conv(x, most * width, { kernel: 3, groups: width }),
    ];
  },
};

export function stem(net: Network, size: number, width = channels(net.random, 12, 64)): Value {
  const kernel = pick(net.random, [3, 3, 5, 7]);
  const stride = size > 48 ? 2 : 1;
  return net.relu(net.conv(net.input([1, 3, size, size]), width, { kernel, stride }));
}

function activation(net: Network, x: Value): Value {
  const kind = pick(net.random, ['Relu', 'Clip', 'Clip', 'HardSwish', 'SiLU', 'LeakyRelu']);
  if (kind === 'Clip') return net.op('Clip', [x, net.scalar(0), net.scalar(6)], x.shape);
  if (kind === 'SiLU') return net.mul(x, net.map('Sigmoid', x));
  return net.map(kind, x);
}

/** Squeeze and excitation. */
export function gated(net: Network, x: Value): Value {
  const inner = Math.max(4, Math.round(x.shape[1] / 4));
  const squeezed = net.relu(net.conv(net.globalPool(x), inner));
  const gate = net.map(
    pick(net.random, ['Sigmoid', 'HardSigmoid']),
    net.conv(squeezed, x.shape[1]),
  );
  return net.mul(x, gate);
}
