/** Test support: a transformer of one layer that reads tokens and a mask, and texts it can learn. */

import { weightedModel } from '../../../../test/support/weighted-text';
import { npy, npz } from '../../data/testing/npy-file';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';

const words = 12;
const length = 6;

/** Attention looks away from what the mask leaves out, and so does the mean in front of the classifier. */
export function textModel(seed = 1): Model {
  return weightedModel(
    `(int64[N,L] ids, bool[N,L] mask) => (float[N,3] y)
    <float[${words},16] table, float[16,16] query, float[16,16] key, float[16,16] value,
     float[16] scale, float[16] shift, float[16,3] fc> {
      e = Gather(table, ids)
      q = MatMul(e, query)
      k = MatMul(e, key)
      v = MatMul(e, value)
      t = Transpose<perm: ints = [0, 2, 1]>(k)
      s = MatMul(q, t)
      m = Cast<to: int = 1>(mask)
      one = Constant<value_ints: ints = [1]>()
      two = Constant<value_ints: ints = [2]>()
      full = Constant<value_float: float = 1.0>()
      far = Constant<value_float: float = 10000.0>()
      row = Unsqueeze(m, one)
      left = Sub(row, full)
      away = Mul(left, far)
      seen = Add(s, away)
      a = Softmax<axis: int = -1>(seen)
      h = MatMul(a, v)
      r = Add(h, e)
      n = LayerNormalization(r, scale, shift)
      column = Unsqueeze(m, two)
      kept = Mul(n, column)
      sum = ReduceSum<keepdims: int = 0>(kept, one)
      count = ReduceSum<keepdims: int = 1>(m, one)
      mean = Div(sum, count)
      y = MatMul(mean, fc) }`,
    { seed },
  );
}

/**
 * An .npz of texts: the class is the one of the words 0, 1 and 2 that the mask leaves in, among others
 * that it leaves out, so that nothing can be learnt without it.
 */
export function textArrays(
  samples: number,
  { seed = 1, labelled = true, masked = true } = {},
): Uint8Array {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: samples }, () => random.integer(3));
  const ids = new BigInt64Array(samples * length);
  const mask = new Uint8Array(samples * length);
  for (const [n, label] of labels.entries()) {
    const place = random.integer(length);
    for (let i = 0; i < length; i++) {
      const isIn = i === place || random.uniform() < 0.5;
      const word = i === place ? label : isIn ? 3 + random.integer(words - 3) : random.integer(3);
      ids[n * length + i] = BigInt(word);
      mask[n * length + i] = Number(isIn || !masked);
    }
  }
  return npz({
    mask: npy('|b1', [samples, length], mask),
    ids: npy('<i8', [samples, length], ids),
    ...(labelled ? { labels: npy('<i4', [samples], labels) } : {}),
  });
}
