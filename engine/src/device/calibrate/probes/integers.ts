/** Probes that compute on integers: operators between quantizers, as quantized models have them. */

import { makeTensor } from '../../../ir/tensor';
import { between, channels, pick } from './draw';
import type { ConvOptions, Network, Value } from './network';
import type { Probe } from './probe';

export const integerConvolutions: Probe = {
  id: 'int8-conv',
  doc: 'Quantized convolutions, dense and depthwise, sums, and what pools them.',
  build: (net) => {
    const { random } = net;
    const size = pick(random, [32, 64, 112, 160, 224]);
    let x = conv(net, quantized(net, net.input([1, 3, size, size])), channels(random, 8, 48), {
      kernel: 3,
      stride: pick(random, [1, 2]),
    });
    if (x.shape[2] > 60) x = quantized(net, net.pool('MaxPool', x, 3, 2));
    for (let i = 0; i < 2; i++) {
      const width = channels(random, 16, Math.min(512, 5000 / x.shape[2]));
      let y = conv(net, x, width);
      const kernel = pick(random, [3, 3, 5]);
      y = conv(net, y, width, { kernel, groups: width, stride: pick(random, [1, 2]) });
      y = conv(net, y, channels(random, 8, 128));
      const z = conv(net, y, y.shape[1], { kernel: pick(random, [1, 3]) });
      x = quantized(net, net.add(y, z));
    }
    const pooled = quantized(net, net.flatten(quantized(net, net.globalPool(x))));
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

/** QuantizeLinear and DequantizeLinear to unsigned bytes. */
function quantized(net: Network, x: Value): Value {
  const scale = net.scalar(0.02);
  const zero = net.constant((name) => makeTensor(name, 'uint8', [], Uint8Array.of(0)));
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

function conv(net: Network, x: Value, width: number, options: ConvOptions = {}): Value {
  const { kernel = 1, groups = 1 } = options;
  const weight = weights(net, [width, x.shape[1] / groups, kernel, kernel]);
  const y = net.convolve(x, weight, bias(net, width), options);
  return quantized(net, pick(net.random, [net.relu(y), y]));
}

function dense(net: Network, x: Value, width: number): Value {
  const inputs = [x, weights(net, [width, x.shape[1]]), bias(net, width)];
  return net.op('Gemm', inputs, [x.shape[0], width], { transB: 1 });
}
