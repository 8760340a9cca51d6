/** Probes that compute on integers: operators between quantizers, as quantized models have them. */

import { makeTensor } from '../../../ir/tensor';
import { between, channels, pick } from './draw';
import type { ConvOptions, Network, Value } from './network';
import type { Probe } from './probe';

export const integerConvolutions: Probe = {
  id: 'int8-conv',
  doc: 'Quantized convolutions, dense and depthwise, sums, and what pools them; signed ones stay floats.',
  build: (net) => {
    const { random } = net;
    const type = pick(random, ['uint8', 'uint8', 'int8'] as const);
    const size = pick(random, [32, 64, 112, 160, 224]);
    let x = quantized(net, net.input([1, 3, size, size]), type);
    const stride = pick(random, [1, 2]);
    x = conv(net, x, channels(random, 8, 48), { kernel: 3, stride, type });
    if (x.shape[2] > 60) x = quantized(net, net.pool('MaxPool', x, 3, 2), type);
    for (let i = 0; i < 2; i++) {
      const width = channels(random, 16, Math.min(512, 5000 / x.shape[2]));
      let y = conv(net, x, width, { type });
      const kernel = pick(random, [3, 3, 5]);
      y = conv(net, y, width, { kernel, groups: width, stride: pick(random, [1, 2]), type });
      y = conv(net, y, channels(random, 8, 128), { type });
      const z = conv(net, y, y.shape[1], { kernel: pick(random, [1, 3]), type });
      x = quantized(net, net.add(y, z), type);
    }
    const pooled = quantized(net, net.flatten(quantized(net, net.globalPool(x), type)), type);
    return [dense(net, pooled, between(random, 10, 1000))];
  },
};

export const integerBlocks: Probe = {
  id: 'int8-blocks',
  doc: 'Quantized residual blocks on small and large maps, with what cannot be quantized in between.',
  build: (net) => {
    const { random } = net;
    const map = pick(random, [7, 8, 14, 16, 28, 32, 56]);
    const width = channels(random, 16, Math.min(512, 3000 / map));
    let x = quantized(net, net.input([1, width, map, map]));
    for (let i = 0; i < 2; i++) {
      const y = conv(net, conv(net, x, width, { kernel: 3 }), width, { kernel: 3 });
      x = quantized(net, net.relu(net.add(x, y)));
    }
    const wide = conv(net, x, channels(random, width, 2 * width), { kernel: 3, stride: 2 });
    const gate = net.map('HardSigmoid', net.globalPool(wide));
    const gated = quantized(net, net.mul(wide, quantized(net, gate)));
    const joined = quantized(net, net.concat([gated, conv(net, wide, wide.shape[1])]));
    return [joined];
  },
};

export const integerTiny: Probe = {
  id: 'int8-tiny',
  doc: 'Quantized networks for digits and keywords, of any number of channels, with what pools them.',
  build: (net) => {
    const { random } = net;
    const size = pick(random, [16, 20, 28, 32, 49]);
    let x = quantized(net, net.input([1, pick(random, [1, 1, 3]), size, size]));
    for (let i = 0; i < 3; i++) {
      const width = between(random, 4, 96);
      const stride = x.shape[2] > 20 ? pick(random, [1, 2]) : 1;
      x = conv(net, x, width, { kernel: pick(random, [3, 3, 5]), stride });
      if (i === 0) x = quantized(net, net.pool('MaxPool', x, pick(random, [2, 3]), 2));
      const inner = x.shape[1];
      x = conv(net, x, inner, { kernel: 3, groups: inner, stride: pick(random, [1, 2]) });
      x = conv(net, x, between(random, 4, 128));
    }
    return [dense(net, quantized(net, net.flatten(x)), between(random, 2, 100))];
  },
};

export const integerWhole: Probe = {
  id: 'int8-whole',
  doc: 'Quantized inverted residuals from an image to small maps.',
  build: (net) => {
    const { random } = net;
    const width = between(random, 6, 20) / 16;
    const rounded = (wanted: number) => 8 * Math.max(1, Math.round((wanted * width) / 8));
    const size = pick(random, [96, 128, 160, 224]);
    let x = quantized(net, net.input([1, 3, size, size]));
    x = conv(net, x, rounded(32), { kernel: 3, stride: 2 });
    for (const [wide, count, first] of [
      [16, 1, 1],
      [24, 2, 2],
      [40, 2, 2],
      [80, 3, 2],
      [192, 3, 2],
      [320, 1, 1],
    ]) {
      for (let i = 0; i < count; i++) {
        const inner = 6 * x.shape[1];
        const stride = i === 0 ? first : 1;
        let y = conv(net, x, inner);
        y = conv(net, y, inner, { kernel: 3, stride, groups: inner });
        y = conv(net, y, rounded(wide));
        x = i === 0 ? y : quantized(net, net.add(x, y));
      }
    }
    const pooled = quantized(net, net.globalPool(conv(net, x, rounded(1280))));
    return [dense(net, quantized(net, net.flatten(pooled)), 1000)];
  },
};

export const integerProducts: Probe = {
  id: 'int8-dense',
  doc: 'Quantized matrix products, with and without floats behind them.',
  build: (net) => {
    const { random } = net;
    const rows = pick(random, [1, 1, 16, 64, 128]);
    let x = quantized(net, net.input([rows, between(random, 16, 1024)]));
    for (let i = 0; i < 3; i++) {
      x = quantized(net, net.relu(dense(net, x, between(random, 16, 2048))));
    }
    const width = between(random, 16, 512);
    const weight = weights(net, [x.shape[1], width], 1);
    return [net.op('MatMul', [x, weight], [rows, width])];
  },
};

/** QuantizeLinear and DequantizeLinear; only to unsigned bytes does the runtime compute on integers. */
function quantized(net: Network, x: Value, type: 'uint8' | 'int8' = 'uint8'): Value {
  const scale = net.scalar(0.02);
  const zero = net.constant((name) =>
    makeTensor(name, type, [], type === 'int8' ? Int8Array.of(0) : Uint8Array.of(0)),
  );
  const codes = net.op('QuantizeLinear', [x, scale, zero], x.shape);
  return net.op('DequantizeLinear', [codes, scale, zero], x.shape);
}

/** Signed bytes with a scale for each channel. */
function weights(net: Network, shape: readonly number[], axis = 0): Value {
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = Int8Array.from({ length: count }, (_, i) => ((i * 37) % 255) - 127);
  const codes = net.constant((name) => makeTensor(name, 'int8', [...shape], bytes));
  const scale = net.weightOf(new Array<number>(shape[axis]).fill(0.01));
  const zeros = new Int8Array(shape[axis]);
  const zero = net.constant((name) => makeTensor(name, 'int8', [shape[axis]], zeros));
  return net.op('DequantizeLinear', [codes, scale, zero], shape, { axis });
}

function bias(net: Network, size: number): Value {
  const codes = net.constant((name) => makeTensor(name, 'int32', [size], new Int32Array(size)));
  const scale = net.weightOf(new Array<number>(size).fill(0.0002));
  const zero = net.constant((name) => makeTensor(name, 'int32', [size], new Int32Array(size)));
  return net.op('DequantizeLinear', [codes, scale, zero], [size], { axis: 0 });
}

function conv(
  net: Network,
  x: Value,
  width: number,
  options: ConvOptions & { readonly type?: 'uint8' | 'int8' } = {},
): Value {
  const { kernel = 1, groups = 1, type } = options;
  const weight = weights(net, [width, x.shape[1] / groups, kernel, kernel]);
  const y = net.convolve(x, weight, bias(net, width), options);
  return quantized(net, net.random.uniform() < 0.5 ? net.relu(y) : y, type);
}

function dense(net: Network, x: Value, width: number): Value {
  const inputs = [x, weights(net, [width, x.shape[1]]), bias(net, width)];
  return net.op('Gemm', inputs, [x.shape[0], width], { transB: 1 });
}
