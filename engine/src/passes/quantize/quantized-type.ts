/** The integer types that values are quantized to. */

import type { DataTypeName } from '../../ir/data-type';

export interface QuantizedType {
  /** As options and reports spell it. */
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
  /** Least and largest code. */
  readonly min: number;
  readonly max: number;
  /**
   * The ONNX type that holds the codes: int4 also for int3, which has none, and for int2. That one came
   * with opset 25, and ONNX Runtime 1.30 dequantizes it, but fuses convolutions that read it into
   * QLinearConv, which does not take it: such models cannot be opened.
   */
  readonly storage: DataTypeName;
}

function integer(bits: number, signed: boolean, storage?: DataTypeName): QuantizedType {
  const name = `${signed ? 'int' : 'uint'}${bits}`;
  const codes = 2 ** bits;
  const min = signed ? -codes / 2 : 0;
  return {
    name,
    bits,
    signed,
    min,
    max: min + codes - 1,
    storage: storage ?? (name as DataTypeName),
  };
}

export const quantizedTypes: readonly QuantizedType[] = [
  integer(16, true),
  integer(16, false),
  integer(8, true),
  integer(8, false),
  integer(4, true),
  integer(4, false),
  integer(3, true, 'int4'),
  integer(2, true, 'int4'),
];

const byName = new Map(quantizedTypes.map((type) => [type.name, type]));

export function quantizedType(name: string): QuantizedType {
  return byName.get(name)!;
}

/** Any width: those that no format stores can be simulated all the same. */
export function typeOfBits(bits: number, signed: boolean): QuantizedType {
  const found = quantizedTypes.find((type) => type.bits === bits && type.signed === signed);
  return found ?? integer(bits, signed, signed ? 'int8' : 'uint8');
}

/** Whether each code has a byte, which integer kernels take however few of its values are used. */
export function isByte({ storage }: QuantizedType): boolean {
  return storage === 'int8' || storage === 'uint8';
}
