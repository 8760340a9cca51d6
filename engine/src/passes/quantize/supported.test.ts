/** What runtimes take, and what is said of the machine. */

import { describe, expect, it } from 'vitest';
import { quantizeOptions } from './options';
import { profiles } from './profiles/index';
import { reducedRange } from './reduced-range';
import { requireSupported } from './supported';

const profile = (id: string) => profiles.find((each) => each.id === id)!;
const options = (given: object = {}) => quantizeOptions.parse(given);

describe('the types and formats of a runtime', () => {
  it.each(profiles)('$id takes what is the default', (each) => {
    expect(() => requireSupported(options(), each)).not.toThrow();
    for (const weights of each.weights.types) {
      expect(() => requireSupported(options({ weights }), each)).not.toThrow();
    }
  });

  it.each([
    ['tensorrt', { activations: 'uint8' }, /TensorRT takes no activations of uint8; choose int8/],
    ['tensorrt', { weights: 'uint8' }, /weights of uint8; choose int8, int4/],
    ['openvino', { layers: { '*': { weights: 'int2' } } }, /weights of int2/],
    ['qnn', { format: 'qoperator' }, /no qoperator models; set format to qdq/],
  ])('%s refuses %j', (id, given, message) => {
    expect(() => requireSupported(options(given), profile(id))).toThrow(message);
  });
});

describe('the range of weights', () => {
  const auto = options();
  const x86 = { name: 'A processor', isX86: true };

  it.each([
    ['with VNNI', { ...x86, vnni: 'avx512_vnni' }, false, 'has AVX512-VNNI, so weights'],
    ['without', { ...x86, vnni: '' }, true, 'has no VNNI, so weights'],
    ['that does not tell', x86, true, 'does not tell'],
    ['of Arm', { name: 'Apple M2', isX86: false }, false, 'is no x86'],
  ])('is decided by a machine %s', (_, machine, isReduced, message) => {
    const decision = reducedRange(auto, profile('onnxruntime-cpu'), () => machine);
    expect(decision.isReduced).toBe(isReduced);
    expect(decision.issue?.message).toContain(message);
    expect(decision.issue?.message).toContain(isReduced ? '7 bits' : 'all 8 bits');
  });

  it('is left to the recipe where that says it, and to the runtime where nothing saturates', () => {
    const machine = () => {
      throw new Error('must not look');
    };
    const cpu = profile('onnxruntime-cpu');
    expect(reducedRange(options({ reduce_range: 'always' }), cpu, machine)).toEqual({
      isReduced: true,
    });
    expect(reducedRange(options({ reduce_range: 'never' }), cpu, machine)).toEqual({
      isReduced: false,
    });
    expect(reducedRange(auto, profile('onnxruntime-arm'), machine)).toEqual({ isReduced: false });
    for (const activations of ['float', 'uint16']) {
      expect(reducedRange(options({ activations }), cpu, machine)).toEqual({ isReduced: false });
    }
  });
});
