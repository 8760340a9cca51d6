/** The words for attribute types, and which list type belongs to which single type. */

import { AttributeType } from '../../ir/model';

export const attributeTypes: ReadonlyMap<string, number> = new Map([
  ['float', AttributeType.float],
  ['int', AttributeType.int],
  ['string', AttributeType.string],
  ['tensor', AttributeType.tensor],
  ['graph', AttributeType.graph],
  ['sparse_tensor', AttributeType.sparseTensor],
  ['type_proto', AttributeType.typeProto],
  ['floats', AttributeType.floats],
  ['ints', AttributeType.ints],
  ['strings', AttributeType.strings],
  ['tensors', AttributeType.tensors],
  ['graphs', AttributeType.graphs],
  ['sparse_tensors', AttributeType.sparseTensors],
  ['type_protos', AttributeType.typeProtos],
]);

const words = new Map([...attributeTypes].map(([word, type]) => [type, word]));

export function attributeTypeWord(type: number | undefined): string | undefined {
  return type === undefined ? undefined : words.get(type);
}

/** The type of a list whose elements have this type; `undefined` for the list types themselves. */
export function listTypeOf(type: number): number | undefined {
  return attributeTypes.get(`${attributeTypeWord(type)}s`);
}

/** The type of a list's elements; `undefined` for a type that is no list. */
export function elementTypeOf(list: number | undefined): number | undefined {
  const word = attributeTypeWord(list);
  return word?.endsWith('s') ? attributeTypes.get(word.slice(0, -1)) : undefined;
}
