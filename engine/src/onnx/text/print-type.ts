/** Types and value infos as text. */

import { dataTypeName } from '../../ir/data-type';
import type { DimInfo, TensorType, TypeInfo, ValueInfo } from '../../ir/model';
import { isIdentifier, isQualified, quotable } from './names';
import { parseValueInfo } from './parse-graph';
import { annotationOf } from './print-annotation';
import type { Writer } from './writer';

/** A type, `undefined` for one that the syntax cannot write: an annotation must carry it. */
export function typeText(type: TypeInfo | undefined): string | undefined {
  if (!type) return undefined;
  if (type.tensorType) return tensorTypeText(type.tensorType);
  if (type.sparseTensorType) return `sparse_tensor(${tensorTypeText(type.sparseTensorType)})`;
  if (type.opaqueType) {
    const { domain, name } = type.opaqueType;
    if (!isQualified(name)) return domain === undefined && !name ? 'opaque()' : undefined;
    if (!isQualified(domain)) return `opaque(${name})`;
    return isIdentifier(name) ? `opaque(${domain}, ${name})` : undefined;
  }
  const { sequenceType, optionalType, mapType } = type;
  const inner = typeText((sequenceType ?? optionalType)?.elemType ?? mapType?.valueType);
  if (inner === undefined) return undefined;
  if (sequenceType) return `seq(${inner})`;
  if (optionalType) return `optional(${inner})`;
  return `map(${elementTypeText(mapType?.keyType)}, ${inner})`;
}

/** `float` where the type has no name; the annotation says what it was. */
export function elementTypeText(code: number | undefined): string {
  return dataTypeName(code) ?? 'float';
}

export function printValueInfo(writer: Writer, info: ValueInfo): void {
  const text = valueInfoText(info);
  writer.note(annotationOf('valueInfo', info, text, parseValueInfo));
  writer.write(text);
}

function valueInfoText({ name, type }: ValueInfo): string {
  const typed = typeText(type);
  return typed === undefined ? quotable(name) : `${typed} ${quotable(name)}`;
}

function tensorTypeText({ elemType, shape }: TensorType): string {
  const element = elementTypeText(elemType);
  if (!shape) return `${element}[]`;
  return shape.dim.length === 0 ? element : `${element}[${shape.dim.map(dimText).join(', ')}]`;
}

function dimText({ dimValue, dimParam }: DimInfo): string {
  if (dimValue !== undefined) return String(dimValue);
  return dimParam === undefined ? '?' : quotable(dimParam);
}
