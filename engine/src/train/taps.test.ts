import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Model } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { sharedModel, sharedModels } from '../onnx/testing/shared-models';
import { buildModel, constant, fed, type NodeSpec } from '../ops/testing/one-node';
import { Taps } from './taps';
import { defaultPlaces, layerNamed, namedPairs } from './taps-match';

const read = (name: string): Model => readModelFile(sharedModel(`${name}.onnx`)).model;

/** What can be computed from the inputs without one value. */
function reachedWithout({ graph }: Model, avoided: string): Set<string> {
  const constants = new Set(graph!.initializer.map(({ name }) => name));
  const inputs = graph!.input.map(({ name }) => name!).filter((name) => !constants.has(name));
  const reached = new Set(inputs);
  for (const { input, output } of graph!.node) {
    if (!input.some((name) => reached.has(name))) continue;
    for (const name of output) if (name !== avoided) reached.add(name);
  }
  return reached;
}

/** One of each architecture that has maps. */
const hasWaists = (name: string) =>
  /^(dscnn|mnist|mobilenet_v|mobilenetv1|ppocr-cls|resnet(20-cifar10-bn|32|8-cifar10$)|squeezenet|ultraface)/.test(
    name,
  ) && !name.includes('int8');

describe.skipIf(sharedModels.length === 0)('taps of real models (../shared)', () => {
  it('lie at the ends of stages, whether normalizations are folded or not', () => {
    const ends = ['layer1.2', 'layer2.2', 'layer3.2'].map((block) => {
      const path = `/${block.split('.')[0]}/${block}`;
      return { value: `${path}/Relu_1_output_0`, before: `${path}/Add_output_0`, axis: 1 };
    });
    for (const name of ['resnet20-cifar10-bn', 'resnet20-cifar10-folded']) {
      const found = new Taps(read(name)).stageEnds();
      expect(found.map(({ value, before, axis }) => ({ value, before, axis }))).toEqual(ends);
      expect(found.map(({ size }) => size)).toEqual(['32,32', '16,16', '8,8']);
      expect(new Taps(read(name)).embedding()?.value).toBe('/Flatten_output_0');
    }
  });

  it.each(sharedModels.map((path) => basename(path, '.onnx')).filter(hasWaists))(
    'are passed by all that the outputs of %s depend on',
    (name) => {
      const model = read(name);
      const ends = new Taps(model).stageEnds();
      expect(ends.length).toBeGreaterThan(0);
      for (const { value } of ends) {
        const reached = reachedWithout(model, value);
        for (const output of model.graph!.output) {
          expect(reached.has(output.name!), `${value}, ${output.name}`).toBe(false);
        }
      }
    },
  );

  it('pair a network with a deeper one, and with one of other stages by the size of maps', () => {
    const student = new Taps(read('resnet20-cifar10-bn'));
    const deeper = defaultPlaces(student, new Taps(read('resnet56-cifar10-folded')));
    expect(deeper.stages().map((each) => each.teacher.value)).toEqual(
      [1, 2, 3].map((stage) => `/layer${stage}/layer${stage}.8/Relu_1_output_0`),
    );
    expect(deeper.embedding().teacher.value).toBe('/Flatten_output_0');
    const mobile = new Taps(read('mobilenet_v1_0.25_224-bn'));
    const squeeze = new Taps(read('squeezenet_v1.0-deepcompressed'));
    expect(() => defaultPlaces(student, squeeze).stages()).toThrow(/name layers/);
    expect(defaultPlaces(student, mobile).embedding().student.layer).toBe('layer3.2.bn2');
  });

  it('find layers by the ends of their names, and say which there are', () => {
    const { layers } = new Taps(read('resnet20-cifar10-bn'));
    const folded = new Taps(read('resnet20-cifar10-folded')).layers;
    const named = (wanted: string, from = layers) => layerNamed(from, wanted, 'teacher').name;
    expect(named('layer1.2.conv2')).toBe('layer1.2.conv2');
    expect(named('module.layer1.2.conv2')).toBe('layer1.2.conv2');
    expect(named('layer1.2.conv2', folded)).toBe('/layer1/layer1.2/conv2/Conv');
    expect(named('/layer1/layer1.2/conv2/Conv')).toBe('layer1.2.conv2');
    expect(() => named('2.conv2')).toThrow(/several layers of the teacher: "layer1.2.conv2"/);
    expect(() => named('layer1.2.bn2', folded)).toThrow(/no layer "layer1.2.bn2".*layer1.2/);
  });

  it('lie behind the normalization, the sum and the activation of a layer', () => {
    const taps = new Taps(read('resnet20-cifar10-bn'));
    const [inner, last] = namedPairs(taps, taps, {
      'layer1.0.conv1': 'layer1.0.bn1',
      'layer1.0.conv2': 'layer1.0.bn2',
    });
    expect(inner.student.value).toBe('/layer1/layer1.0/Relu_output_0');
    expect(inner.student.before).toBe('/layer1/layer1.0/bn1/BatchNormalization_output_0');
    expect(inner.student.normalization?.scale.length).toBe(16);
    expect(inner.teacher.value).toBe(inner.student.value);
    expect(last.student.value).toBe('/layer1/layer1.0/Relu_1_output_0');
    expect(last.student.before).toBe('/layer1/layer1.0/Add_output_0');
    expect(last.student.normalization).toBeUndefined();
  });
});

describe('taps', () => {
  const weights = { w: constant('float', [4, 3, 3, 3]), v: constant('float', [4, 4, 3, 3]) };
  const taps = (nodes: readonly NodeSpec[], given = {}) =>
    new Taps(
      buildModel({
        title: '',
        given: { x: fed('float', [2, 3, 6, 6]), ...weights, ...given },
        nodes,
      }),
    );
  const pads = { pads: [1, 1, 1, 1] };

  it('take x · sigmoid(x) for the activation that it is', () => {
    const gated = taps([
      { op: 'Conv', in: ['x', 'w'], out: ['a'], attributes: pads },
      { op: 'Sigmoid', in: ['a'], out: ['s'] },
      { op: 'Mul', in: ['a', 's'], out: ['b'] },
      { op: 'Conv', in: ['b', 'v'], out: ['c'], attributes: pads },
    ]);
    expect(gated.of(gated.layers[0])).toMatchObject({ value: 'b', before: 'a', axis: 1 });
    expect(gated.stageEnds().map(({ value }) => value)).toEqual(['c']);
  });

  it('have channels last between tokens, and first behind one-dimensional convolutions', () => {
    const model = (nodes: readonly NodeSpec[], w: readonly number[], x: readonly number[]) =>
      taps(nodes, { x: fed('float', x), w: constant('float', w) });
    const tokens = model(
      [
        { op: 'MatMul', in: ['x', 'w'], out: ['a'] },
        { op: 'Relu', in: ['a'], out: ['y'] },
      ],
      [4, 5],
      [2, 3, 4],
    );
    expect(tokens.stageEnds()).toMatchObject([{ size: '3', axis: 2 }]);
    expect(tokens.of(tokens.layers[0])).toMatchObject({ value: 'y', before: 'a', axis: 2 });
    const signal = model([{ op: 'Conv', in: ['x', 'w'], out: ['y'] }], [4, 3, 1], [2, 3, 9]);
    expect(signal.of(signal.layers[0])).toMatchObject({ value: 'y', axis: 1 });
  });

  it('say what to do where there is nothing to compare', () => {
    const none = taps([{ op: 'Relu', in: ['x'], out: ['y'] }]);
    expect(() => defaultPlaces(none, none).stages()).toThrow(/name layers/);
    expect(() => defaultPlaces(none, none).embedding()).toThrow(/name layers/);
  });
});
