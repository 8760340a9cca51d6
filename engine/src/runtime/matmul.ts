/**
 * Large dense products, computed by ONNX Runtime: a matrix product is a model of one Gemm with
 * dynamic dimensions, kept open. Least-squares reconstruction lives on these.
 */

import { makeAttribute } from '../ir/attributes';
import { CoppiceError } from '../ir/issue';
import { emptyGraph } from '../ir/empty-graph';
import type { Model, ValueInfo } from '../ir/model';
import { openModel } from './open-model';
import type { NamedTensor, Runtime, Session } from './runtime';

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

export interface MatrixProducts {
  /**
   * XᵀY, by default XᵀX, as columns of X × columns of Y, row-major. Slices of rows are multiplied in
   * single precision and summed in double, so that many rows lose no accuracy.
   */
  gram(x: Matrix, y?: Matrix, signal?: AbortSignal): Promise<Float64Array>;
  /** A B, either of them transposed at will, in single precision. */
  product(a: Matrix, b: Matrix, options?: ProductOptions, signal?: AbortSignal): Promise<Matrix>;
  close(): Promise<void>;
}

const sliceRows = 4096;

/** Sessions open at first use; the runtime stays the caller's. */
export function matrixProducts(runtime: Runtime): MatrixProducts {
  const sessions = new Map<string, Promise<Session>>();
  const session = (key: string, model: () => Model): Promise<Session> => {
    const opened = sessions.get(key) ?? openModel(runtime, model(), { label: 'a matrix product' });
    sessions.set(key, opened);
    return opened;
  };
  return {
    gram: async (x, y = x, signal) => {
      checkSizes(x.rows, y.rows);
      const same = y === x;
      const model = await session(`gram ${same}`, () =>
        gemm(same ? ['a', 'a'] : ['a', 'b'], { transposeA: true }),
      );
      const sum = new Float64Array(x.columns * y.columns);
      for (let row = 0; row < x.rows; row += sliceRows) {
        const feeds = {
          a: tensorOf(slice(x, row)),
          ...(same ? {} : { b: tensorOf(slice(y, row)) }),
        };
        const { y: part } = await model.run(feeds, ['y'], signal);
        for (let i = 0; i < sum.length; i++) sum[i] += Number(part.data[i]);
      }
      return sum;
    },
    product: async (a, b, options = {}, signal) => {
      const { transposeA = false, transposeB = false } = options;
      checkSizes(transposeA ? a.rows : a.columns, transposeB ? b.columns : b.rows);
      const model = await session(`${transposeA} ${transposeB}`, () => gemm(['a', 'b'], options));
      const { y } = await model.run({ a: tensorOf(a), b: tensorOf(b) }, ['y'], signal);
      return { rows: y.dims[0], columns: y.dims[1], data: y.data as Float32Array };
    },
    close: async () => {
      for (const opened of sessions.values()) await (await opened).close();
      sessions.clear();
    },
  };
}

function checkSizes(left: number, right: number): void {
  if (left === right) return;
  throw new CoppiceError('matrix-size', `Matrices of inner sizes ${left} and ${right} do not fit.`);
}

function slice({ rows, columns, data }: Matrix, from: number): Matrix {
  const to = Math.min(rows, from + sliceRows);
  return { rows: to - from, columns, data: data.subarray(from * columns, to * columns) };
}

function tensorOf({ rows, columns, data }: Matrix): NamedTensor {
  return { type: 'float', dims: [rows, columns], data };
}

/** y = op(inputs[0]) · op(inputs[1]) of opset 13. */
function gemm(inputs: [string, string], { transposeA, transposeB }: ProductOptions): Model {
  const attribute = [
    makeAttribute('transA', transposeA ? 1 : 0),
    makeAttribute('transB', transposeB ? 1 : 0),
  ];
  const node = { input: inputs, output: ['y'], opType: 'Gemm', attribute, metadataProps: [] };
  const graph = {
    ...emptyGraph(),
    name: 'product',
    node: [node],
    input: [...new Set(inputs)].map(matrixInfo),
    output: [matrixInfo('y')],
  };
  return { irVersion: 8, graph, opsetImport: [{ version: 13 }], metadataProps: [], functions: [] };
}

function matrixInfo(name: string): ValueInfo {
  const dim = [{ dimParam: `${name}_rows` }, { dimParam: `${name}_columns` }];
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } }, metadataProps: [] };
}
