import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeAttribute, type AttributeValue } from '../ir/attributes';
import type { Node } from '../ir/model';
import { patchIndices, windowOf, type Extent } from './patches';

function conv(attributes: Record<string, AttributeValue>): Node {
  return {
    opType: 'Conv',
    input: ['x', 'w'],
    output: ['y'],
    attribute: Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
    metadataProps: [],
  };
}

const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

describe('patches', () => {
  it('read what a padded image holds at each tap', () => {
    fc.assert(
      fc.property(
        pair(4, 9),
        pair(1, 3),
        pair(1, 3),
        pair(1, 2),
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
        (input, kernel, strides, dilations, pads) => {
          const output = [0, 1].map((axis) => {
            const reach = (kernel[axis] - 1) * dilations[axis] + 1;
            return (
              Math.floor((input[axis] + pads[axis] + pads[axis + 2] - reach) / strides[axis]) + 1
            );
          }) as unknown as Extent;
          fc.pre(output.every((extent) => extent > 0));
          const window = windowOf(conv({ strides, dilations, pads }), kernel, input, output);
          const positions = Array.from({ length: output[0] * output[1] }, (_, i) => i);
          const { indices, mask } = patchIndices(window, positions);
          const [height, width] = input;
          let at = 0;
          for (let y = 0; y < output[0]; y++)
            for (let x = 0; x < output[1]; x++)
              for (let ky = 0; ky < kernel[0]; ky++)
                for (let kx = 0; kx < kernel[1]; kx++, at++) {
                  const row = y * strides[0] + ky * dilations[0] - pads[0];
                  const column = x * strides[1] + kx * dilations[1] - pads[1];
                  const inside = row >= 0 && row < height && column >= 0 && column < width;
                  expect(mask[at]).toBe(inside ? 1 : 0);
                  if (inside) expect(Number(indices[at])).toBe(row * width + column);
                }
          expect(at).toBe(indices.length);
        },
      ),
    );
  });

  it('put the odd row of automatic padding below for SAME_UPPER and above for SAME_LOWER', () => {
    const padding = (auto: string): Extent =>
      windowOf(conv({ auto_pad: auto, strides: [2, 2] }), [3, 3], [8, 8], [4, 4]).padding;
    expect(padding('SAME_UPPER')).toEqual([0, 0]);
    expect(padding('SAME_LOWER')).toEqual([1, 1]);
    expect(padding('VALID')).toEqual([0, 0]);
  });
});
