/** What is known of values before any operator is looked at: declarations and constants. */

import { dataTypeName, type DataTypeName } from '../ir/data-type';
import { bindDim, symbolicDim, type Bindings, type Dim } from '../ir/dim';
import type { ShapeInfo, Tensor, TypeInfo } from '../ir/model';
import { dimsOf, elementCount, numbers } from '../ir/tensor';
import type { ValueType } from './op';

const maxIntegers = 1_024;
/** Floats spell sizes only as the few scales of a Resize; larger ones are weights. */
const maxFloats = 16;

/** How many elements of a value are worth knowing before running. */
export function contentLimit(dtype: DataTypeName | undefined): number {
  return dtype === 'float' || dtype === 'double' || dtype === 'float16' ? maxFloats : maxIntegers;
}

/**
 * The type of a constant. Its elements are read from the file only when a rule asks for `content`;
 * `unreadable` is told when that fails.
 */
export function typeOfTensor(tensor: Tensor, unreadable: (error: unknown) => void): ValueType {
  const dtype = dataTypeName(tensor.dataType);
  const shape = dimsOf(tensor);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return { dtype };
  if (elementCount(tensor) > contentLimit(dtype) || dtype === 'string') return { dtype, shape };
  let content: readonly number[] | undefined;
  let asked = false;
  return {
    dtype,
    shape,
    get content() {
      if (!asked) {
        asked = true;
        try {
          content = numbers(tensor);
        } catch (error) {
          unreadable(error);
        }
      }
      return content;
    },
  };
}

/**
 * A declared type. `unknown` names a dimension that the declaration leaves open; without it such a
 * dimension makes the shape unknown.
 */
export function typeOfDeclaration(
  type: TypeInfo | undefined,
  bindings: Bindings,
  unknown?: (axis: number) => Dim,
): ValueType | undefined {
  const elementType = (type?.sequenceType ?? type?.optionalType)?.elemType;
  if (elementType) return { elements: typeOfDeclaration(elementType, bindings, unknown) ?? {} };
  const tensor = type?.tensorType ?? type?.sparseTensorType;
  if (!tensor) return undefined;
  const shape = tensor.shape && declaredShape(tensor.shape, bindings, unknown);
  return { dtype: dataTypeName(tensor.elemType), shape };
}

function declaredShape(
  shape: ShapeInfo,
  bindings: Bindings,
  unknown: ((axis: number) => Dim) | undefined,
): Dim[] | undefined {
  const dims = shape.dim.map(({ dimValue, dimParam }, axis) => {
    if (dimValue !== undefined && Number(dimValue) >= 0) return Number(dimValue);
    return dimParam ? bindDim(symbolicDim(dimParam), bindings) : unknown?.(axis);
  });
  return dims.every((dim) => dim !== undefined) ? dims : undefined;
}
