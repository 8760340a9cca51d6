/** Test support: a network of two towers, one of images, with values that are the same for all samples. */

import { weightedModel } from '../../../../test/support/weighted-text';
import { npy, npz } from '../../data/testing/npy-file';

/** The batch has two names, and lies second in the state. */
export const towers =
  weightedModel(`(float[M,4] place, float[N,3,8,8] picture, float gain, float[2,N,5] state)
  => (float[N,2] y)
  <float[8,3,3,3] a.weight, float[12,8,3,3] b.weight, float[4,12] p.weight, float[5,12] q.weight,
   float[12,16] h.weight, float[16,2] fc.weight> {
    c = Conv<pads: ints = [1, 1, 1, 1]>(picture, a.weight)
    r = Relu(c)
    d = Conv<pads: ints = [1, 1, 1, 1]>(r, b.weight)
    s = Relu(d)
    g = GlobalAveragePool(s)
    f = Flatten(g)
    zero = Constant<value_int: int = 0>()
    first = Gather(state, zero)
    t = MatMul(first, q.weight)
    l = MatMul(place, p.weight)
    sum = Sum(f, l, t)
    k = Mul(sum, gain)
    h = MatMul(k, h.weight)
    v = Relu(h)
    y = MatMul(v, fc.weight) }`);

/** An .npz; the label asks whether the picture is bright and the place positive. */
export function towerArrays(samples: number, labelled = true): Uint8Array {
  const place = Float32Array.from({ length: 4 * samples }, (_, i) => Math.sin(i * i));
  const isBright = (n: number) => n % 3 > 0;
  const picture = Uint8Array.from({ length: 192 * samples }, (_, i) =>
    isBright(Math.floor(i / 192)) ? 130 + (i % 90) : i % 90,
  );
  const labels = Int32Array.from({ length: samples }, (_, n) =>
    Number(place[4 * n] > 0 && isBright(n)),
  );
  return npz({
    place: npy('<f4', [samples, 4], place),
    picture: npy('|u1', [samples, 3, 8, 8], picture),
    gain: npy('<f4', [], Float32Array.of(0.5)),
    state: npy('<f4', [2, 1, 5], new Float32Array(10).fill(0.1)),
    ...(labelled ? { labels: npy('<i4', [samples], labels) } : {}),
  });
}
