/** MatMul and Gemm: dA = dY Bᵀ, dB = Aᵀ dY. */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import type { Gradient } from '../gradient';
import { multiply, product, reshape, sizeOf, sumTo } from './support';

const matMul: Gradient = {
  backward: ({ node, write, gradient, wants, give }) => {
    const [aShape, bShape] = node.input.map((name) => write.shape(name));
    // A vector counts as a matrix of one row, or of one column on the right.
    const aDims = aShape.length === 1 ? [1, ...aShape] : aShape;
    const bDims = bShape.length === 1 ? [...bShape, 1] : bShape;
    const rows = aDims.at(-2)!;
    const columns = bDims.at(-1)!;
    const lead = write
      .shape(node.output[0])
      .slice(0, Math.max(aShape.length, bShape.length, 2) - 2);
    const dy = reshape(write, gradient(0)!, [...lead, rows, columns]);
    const [a, b] = [reshape(write, node.input[0], aDims), reshape(write, node.input[1], bDims)];
    if (wants(0)) {
      give(0, reshape(write, sumTo(write, product(write, dy, b, { transB: true }), aDims), aShape));
    }
    if (!wants(1)) return;
    // A weight that all leading rows share: one large product instead of a sum over many.
    const shared = bDims.length === 2 && aDims.length > 2;
    const stacked = sizeOf(aDims.slice(0, -1));
    const db = shared
      ? product(
          write,
          reshape(write, a, [stacked, aDims.at(-1)!]),
          reshape(write, dy, [stacked, columns]),
          { transA: true },
        )
      : sumTo(write, product(write, a, dy, { transA: true }), bDims);
    give(1, reshape(write, db, bShape));
  },
};

const gemm: Gradient = {
  backward: ({ node, write, gradient, wants, give }) => {
    const [transA, transB] = ['transA', 'transB'].map((name) => intAttribute(node, name, 0) !== 0);
    const scaled = (name: string) => {
      const factor = floatAttribute(node, name, 1);
      return factor === 1 ? gradient(0)! : multiply(write, gradient(0)!, factor);
    };
    const [a, b, c] = node.input;
    const dy = scaled('alpha');
    if (wants(0)) {
      give(
        0,
        transA
          ? product(write, b, dy, { transA: transB, transB: true })
          : product(write, dy, b, { transB: !transB }),
      );
    }
    if (wants(1)) {
      give(
        1,
        transB
          ? product(write, dy, a, { transA: true, transB: transA })
          : product(write, a, dy, { transA: !transA }),
      );
    }
    if (c && wants(2)) give(2, sumTo(write, scaled('beta'), write.shape(c)));
  },
};

export const productGradients: Readonly<Record<string, Gradient>> = { MatMul: matMul, Gemm: gemm };
