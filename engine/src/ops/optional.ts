/** Optional values: a tensor or a sequence that may be absent. */

import { attribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import type { TypeInfo } from '../ir/model';
import type { Op, ValueType } from './op';
import { noCost } from './rules';

/** Wraps its input, or is empty with the type that the attribute names. */
export const optional: Op = {
  type: 'Optional',
  shape: ({ node, inputs }) => [{ elements: inputs[0] ?? declared(attribute(node, 'type')?.tp) }],
  cost: noCost,
};

/** Since opset 18 a plain tensor may be given too, and is passed through. */
export const optionalGetElement: Op = {
  type: 'OptionalGetElement',
  shape: ({ inputs }) => [inputs[0]?.elements ?? inputs[0]],
  cost: noCost,
};

export const optionalHasElement: Op = {
  type: 'OptionalHasElement',
  shape: () => [{ dtype: 'bool', shape: [] }],
  cost: noCost,
};

function declared(type: TypeInfo | undefined): ValueType | undefined {
  const inner = type?.sequenceType?.elemType ?? type?.optionalType?.elemType;
  if (inner) return { elements: declared(inner) };
  return type?.tensorType && { dtype: dataTypeName(type.tensorType.elemType) };
}
