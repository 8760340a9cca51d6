import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { matrixOf, type WeightMatrix } from './matrix';
import { blockMask, globalMasks, layerMask, outputMask, parseBlock } from './patterns';

const ones = (mask: ArrayLike<number>): number =>
  Array.from(mask).filter((each) => each === 1).length;

/** Scores with many equal values, which a threshold alone cannot tell apart. */
const scoresOf = (length: number, seed: number): Float64Array => {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => random.integer(12));
};

const node = (opType: string, group = 1) => ({
  opType,
  input: ['x', 'w'],
  output: ['y'],
  attribute: [
    {
      name: 'group',
      i: group,
      floats: [],
      ints: [],
      strings: [],
      tensors: [],
      graphs: [],
      sparseTensors: [],
      typeProtos: [],
    },
  ],
  metadataProps: [],
});

/** Matrices of every kind of layer, with the dimensions of their tensors. */
const matrices = fc
  .record({
    outputs: fc.integer({ min: 1, max: 6 }),
    channels: fc.integer({ min: 1, max: 9 }),
    taps: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom('Conv', 'ConvTranspose', 'MatMul', 'LSTM'),
  })
  .map(({ outputs, channels, taps, groups, kind }) => {
    const dims = {
      Conv: [outputs * groups, channels, taps, 1],
      ConvTranspose: [channels * groups, outputs, taps, 1],
      MatMul: [groups, channels, outputs],
      LSTM: [groups, outputs, channels],
    }[kind];
    return { dims, matrix: matrixOf(node(kind, groups), 1, dims)! };
  });

/** Positions in the tensor of what one output reads at one tap, in the order of input channels. */
function positions({ origins, channels, stride }: WeightMatrix, output: number, tap: number) {
  return Array.from({ length: channels }, (_, c) => origins[output] + c * stride + tap);
}

describe('a weight as a matrix', () => {
  it('has every element of the tensor exactly once', () => {
    fc.assert(
      fc.property(matrices, ({ dims, matrix }) => {
        const all: number[] = [];
        for (let o = 0; o < matrix.outputs; o++) {
          for (let tap = 0; tap < matrix.taps; tap++) all.push(...positions(matrix, o, tap));
        }
        const count = dims.reduce((a, b) => a * b, 1);
        expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('reads the input channels of its own group', () => {
    const { firstChannels } = matrixOf(node('Conv', 2), 1, [4, 3, 1, 1])!;
    expect([...firstChannels]).toEqual([0, 0, 3, 3]);
    const transposed = matrixOf(node('ConvTranspose', 2), 1, [6, 2, 1, 1])!;
    expect([...transposed.firstChannels]).toEqual([0, 0, 3, 3]);
    expect([...transposed.origins]).toEqual([0, 1, 6, 7]);
  });
});

describe('a pattern', () => {
  it('spells its block, or nothing', () => {
    expect(parseBlock('2:4')).toEqual({ keep: 2, of: 4 });
    for (const text of ['4:4', '0:4', '2:4:8', '2-4', 'unstructured', '']) {
      expect(parseBlock(text)).toBeUndefined();
    }
  });

  it('N:M keeps the N largest of every M along the inputs', () => {
    fc.assert(
      fc.property(
        matrices,
        fc.nat(),
        fc.constantFrom([2, 4], [4, 8], [1, 3]),
        ({ dims, matrix }, seed, [keep, of]) => {
          const scores = scoresOf(
            dims.reduce((a, b) => a * b, 1),
            seed,
          );
          const mask = blockMask(scores, matrix, { keep, of });
          for (let o = 0; o < matrix.outputs; o++) {
            for (let tap = 0; tap < matrix.taps; tap++) {
              const row = positions(matrix, o, tap);
              for (let from = 0; from < row.length; from += of) {
                const block = row.slice(from, from + of);
                const kept = block.filter((at) => mask[at] === 0).map((at) => scores[at]);
                const gone = block.filter((at) => mask[at] === 1).map((at) => scores[at]);
                expect(kept).toHaveLength(Math.min(keep, block.length));
                expect(Math.max(-1, ...gone)).toBeLessThanOrEqual(Math.min(99, ...kept));
              }
            }
          }
        },
      ),
    );
  });

  it('takes the exact share of the smallest, of each output or of the layer', () => {
    fc.assert(
      fc.property(
        matrices,
        fc.nat(),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        ({ dims, matrix }, seed, share) => {
          const scores = scoresOf(
            dims.reduce((a, b) => a * b, 1),
            seed,
          );
          const layer = layerMask(scores, share);
          expect(ones(layer)).toBe(Math.round(share * scores.length));
          const gone = scores.filter((_, i) => layer[i] === 1);
          const kept = scores.filter((_, i) => layer[i] === 0);
          expect(Math.max(-1, ...gone)).toBeLessThanOrEqual(Math.min(99, ...kept));
          const outputs = outputMask(scores, matrix, share);
          for (let o = 0; o < matrix.outputs; o++) {
            const row = Array.from({ length: matrix.taps }, (_, tap) =>
              positions(matrix, o, tap),
            ).flat();
            expect(ones(row.map((at) => outputs[at]))).toBe(Math.round(share * row.length));
          }
        },
      ),
    );
  });

  it('takes the exact share of all layers together, and no more than the most of any', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.double({ min: 0.01, max: 0.9, noNaN: true }),
        (lengths, seed, share) => {
          const scores = lengths.map((length, i) => scoresOf(length, seed + i));
          const masks = globalMasks(scores, share, 0.9);
          const total = lengths.reduce((a, b) => a + b, 0);
          const possible = lengths.reduce((sum, length) => sum + Math.round(0.9 * length), 0);
          const gone = masks.reduce((sum, mask) => sum + ones(mask), 0);
          expect(gone).toBe(Math.min(possible, Math.round(share * total)));
          masks.forEach((mask) =>
            expect(ones(mask)).toBeLessThanOrEqual(Math.round(0.9 * mask.length)),
          );
        },
      ),
    );
  });
});
