/**
 * Probes of the depth and size of networks that people ship: only in these do weights and values come
 * from where they come from in practice, which is mostly not the cache near the core.
 */

import { between, channels, pick } from './draw';
import type { Network, Value } from './network';
import type { Probe } from './probe';
import { gated, stem } from './convolutions';

export const mobile: Probe = {
  id: 'mobile',
  doc: 'Inverted residuals from an image to 7×7 maps, by any width and size of image.',
  build: (net) => {
    const { random } = net;
    const width = between(random, 4, 22) / 16;
    const bound = random.uniform() < 0.6;
    const unit = pick(random, [8, 8, 16, 4, 1, 1]);
    const rounded = (wanted: number) => Math.max(unit, unit * Math.round(wanted / unit));
    const act = (x: Value) => {
      return bound ? net.op('Clip', [x, net.scalar(0), net.scalar(6)], x.shape) : net.relu(x);
    };
    let x = net.input([1, 3, ...square(pick(random, [96, 128, 160, 192, 224]))]);
    x = act(net.conv(x, rounded(32 * width), { kernel: 3, stride: 2 }));
    for (const [wide, count, first] of [
      [16, 1, 1],
      [24, 2, 2],
      [32, 3, 2],
      [64, 3, 2],
      [96, 2, 1],
      [160, 2, 2],
      [320, 1, 1],
    ]) {
      const output = rounded(wide * width);
      for (let i = 0; i < count; i++) {
        const inner = rounded(x.shape[1] * (0.6 + 0.4 * random.uniform()) * 6);
        const stride = i === 0 ? first : 1;
        let y = act(net.conv(x, inner));
        y = act(net.conv(y, inner, { kernel: pick(random, [3, 3, 3, 5]), stride, groups: inner }));
        y = net.conv(y, output);
        x = i === 0 ? y : net.add(y, x);
      }
    }
    return [classified(net, act(net.conv(x, rounded(1280 * width))), 1000)];
  },
};

export const separableWhole: Probe = {
  id: 'separable-whole',
  doc: 'Depthwise and pointwise convolutions from an image to small maps, by any width.',
  build: (net) => {
    const { random } = net;
    const width = between(random, 4, 16) / 16;
    const size = pick(random, [49, 96, 128, 224]);
    let x = stem(net, size, Math.round(32 * width));
    for (const [wide, stride] of [
      [64, 1],
      [128, 2],
      [128, 1],
      [256, 2],
      [256, 1],
      [512, 2],
      [512, 1],
      [512, 1],
      [512, 1],
      [1024, 2],
      [1024, 1],
    ]) {
      const inner = x.shape[1];
      x = net.relu(net.conv(x, inner, { kernel: 3, stride, groups: inner }));
      x = net.relu(net.conv(x, channels(random, 0.7 * wide * width, wide * width)));
    }
    return [classified(net, x, between(random, 2, 1000))];
  },
};

export const residualWhole: Probe = {
  id: 'residual-whole',
  doc: 'Residual networks of three or four stages, for small images and for large ones.',
  build: (net) => {
    const { random } = net;
    const small = random.uniform() < 0.6;
    const first = small ? channels(random, 8, 48) : channels(random, 24, 64);
    let x = small
      ? net.relu(net.conv(net.input([1, 3, 32, 32]), first, { kernel: 3 }))
      : net.pool('MaxPool', stem(net, pick(random, [128, 160, 224]), first), 3, 2);
    const deep = small ? between(random, 1, 9) : pick(random, [1, 2, 2]);
    const narrowed = !small && random.uniform() < 0.5;
    for (let stage = 0; stage < (small ? 3 : 4); stage++) {
      const width = first * 2 ** stage * (narrowed ? 2 : 1);
      for (let i = 0; i < deep; i++) {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        const inner = channels(random, 0.5 * first * 2 ** stage, first * 2 ** stage);
        let y = narrowed ? net.relu(net.conv(x, inner)) : x;
        y = net.relu(net.conv(y, inner, { kernel: 3, stride }));
        y = net.conv(y, width, { kernel: narrowed ? 1 : 3 });
        const same = stride === 1 && x.shape[1] === width;
        x = net.relu(net.add(y, same ? x : net.conv(x, width, { stride })));
      }
    }
    return [classified(net, x, small ? 10 : 1000)];
  },
};

export const fire: Probe = {
  id: 'fire',
  doc: 'Squeezed layers and two wide ones that are joined, on large maps.',
  build: (net) => {
    const { random } = net;
    const width = between(random, 6, 18) / 16;
    let x = stem(net, pick(random, [160, 224]), channels(random, 48, 96));
    for (const [i, wide] of [64, 64, 128, 128, 192, 256].entries()) {
      if (i % 2 === 0) x = net.pool('MaxPool', x, 3, 2);
      const squeezed = net.relu(net.conv(x, channels(random, 0.15 * wide, 0.3 * wide)));
      x = net.concat([
        net.relu(net.conv(squeezed, channels(random, 0.8 * wide * width, wide * width))),
        net.relu(
          net.conv(squeezed, channels(random, 0.8 * wide * width, wide * width), { kernel: 3 }),
        ),
      ]);
    }
    return [net.globalPool(net.relu(net.conv(x, 1000)))];
  },
};

export const pyramid: Probe = {
  id: 'pyramid',
  doc: 'Dense convolutions that double while maps halve, and large fully connected layers.',
  build: (net) => {
    const { random } = net;
    const first = channels(random, 16, 64);
    let x = net.input([1, 3, ...square(pick(random, [64, 96, 128, 192]))]);
    for (let stage = 0; stage < 4; stage++) {
      for (let i = 0; i < 2; i++) {
        x = net.relu(net.conv(x, Math.min(512, first * 2 ** stage), { kernel: 3 }));
      }
      x = net.pool('MaxPool', x, 3, 2);
    }
    const wide = between(random, 256, 4096);
    const y = net.relu(net.dense(net.flatten(x), wide));
    return [net.dense(net.relu(net.dense(y, wide)), between(random, 10, 1000))];
  },
};

export const joined: Probe = {
  id: 'joined',
  doc: 'Layers that read all before them, normalized anew each time.',
  build: (net) => {
    const { random } = net;
    const growth = channels(random, 8, 32);
    let x = net.pool('MaxPool', stem(net, pick(random, [96, 160, 224])), 3, 2);
    for (let stage = 0; stage < 3; stage++) {
      for (let i = 0; i < 4; i++) {
        const inner = net.relu(net.conv(net.relu(net.normalized(x)), 4 * growth));
        x = net.concat([x, net.conv(inner, growth, { kernel: 3 })]);
      }
      x = net.pool(
        'AveragePool',
        net.conv(net.relu(net.normalized(x)), channels(random, 32, 256)),
        3,
        2,
      );
    }
    return [classified(net, x, 1000)];
  },
};

export const gatedWhole: Probe = {
  id: 'gated-whole',
  doc: 'Separable layers with hard swishes that are spelled out, and gates for channels.',
  build: (net) => {
    const { random } = net;
    const width = between(random, 4, 16) / 16;
    const spelled = random.uniform() < 0.6;
    let x = net.input([1, 3, ...square(pick(random, [96, 160, 224]))]);
    x = hardSwish(net, net.conv(x, Math.round(32 * width), { kernel: 3, stride: 2 }), spelled);
    for (const [wide, stride] of [
      [48, 1],
      [64, 2],
      [96, 2],
      [192, 2],
      [192, 1],
      [320, 2],
    ]) {
      const kernel = pick(random, [3, 5]);
      const inner = x.shape[1];
      x = hardSwish(net, net.conv(x, inner, { kernel, stride, groups: inner }), spelled);
      if (random.uniform() < 0.5) x = gated(net, x);
      x = hardSwish(net, net.conv(x, channels(random, 0.8 * wide * width, wide * width)), spelled);
    }
    return [classified(net, x, between(random, 2, 1000))];
  },
};

export const enlarging: Probe = {
  id: 'enlarging',
  doc: 'Maps of several sizes that are brought to one, summed and joined, as detectors do.',
  build: (net) => {
    const { random } = net;
    const width = channels(random, 16, 64);
    let x = stem(net, pick(random, [128, 224, 320]), width);
    const levels: Value[] = [];
    for (let i = 0; i < 3; i++) {
      x = net.relu(net.conv(x, width * (i + 1), { kernel: 3, stride: 2 }));
      levels.push(net.conv(x, width));
    }
    const enlarged = (value: Value, times: number): Value => {
      const [batch, count, ...map] = value.shape;
      const shape = [batch, count, ...map.map((size) => size * times)];
      const scales = net.weightOf([1, 1, times, times]);
      const attributes = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
      return net.op('Resize', [value, '', scales], shape, { mode: 'nearest', ...attributes });
    };
    const middle = net.add(levels[1], enlarged(levels[2], 2));
    const large = net.add(levels[0], enlarged(middle, 2));
    const all = net.concat([large, enlarged(middle, 2), enlarged(levels[2], 4)]);
    const y = net.relu(net.conv(all, width, { kernel: 3 }));
    const [batch, , ...map] = y.shape;
    const shape = [batch, width, ...map.map((size) => 2 * size)];
    const opened = net.op('ConvTranspose', [y, net.weight([width, width, 2, 2])], shape, {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
    return [net.map('Sigmoid', net.conv(net.relu(opened), 1))];
  },
};

function hardSwish(net: Network, x: Value, spelled: boolean): Value {
  if (!spelled) return net.map('HardSwish', x);
  const shifted = net.add(x, net.scalar(3));
  const clipped = net.op('Clip', [shifted, net.scalar(0), net.scalar(6)], x.shape);
  return net.op('Div', [net.mul(x, clipped), net.scalar(6)], x.shape);
}

function classified(net: Network, x: Value, classes: number): Value {
  return net.dense(net.flatten(net.globalPool(x)), classes);
}

function square(size: number): [number, number] {
  return [size, size];
}
