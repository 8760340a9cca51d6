/** What a schema, that of recipes unless another is given, allows at a place: for completion, hover and the nearest valid name. */

import type { z } from 'zod';
import { recipeSchema } from './schema';

/** The keys that the schema allows in the mapping at a path. */
export function knownKeys(
  path: readonly PropertyKey[],
  schema: z.core.$ZodType = recipeSchema,
): string[] {
  return Object.keys(propertiesAt(path, schema));
}

/** A property as completion and hover want it. */
export interface KnownProperty {
  readonly schema: z.core.$ZodType;
  readonly description?: string;
}

/** The properties that the schema allows in the mapping at a path, with their descriptions. */
export function propertiesAt(
  path: readonly PropertyKey[],
  root: z.core.$ZodType = recipeSchema,
): Record<string, KnownProperty> {
  const found = schemasAt([root], path).flatMap((schema) => Object.entries(shapeOf(schema)));
  return Object.fromEntries(
    found.map(([key, schema]) => [key, { schema, description: descriptionOf(schema) }]),
  );
}

/** All schemas that may describe the value at a path, unions spread out. */
function schemasAt(
  schemas: readonly z.core.$ZodType[],
  path: readonly PropertyKey[],
): z.core.$ZodType[] {
  let current = schemas.flatMap(spread);
  for (const key of path) {
    current = current.flatMap((schema) => child(schema, key)).flatMap(spread);
  }
  return current;
}

type Definition = {
  readonly type: string;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly options?: readonly z.core.$ZodType[];
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
};

function definition(schema: z.core.$ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** Looks through optional, default and pipe; gives every option of a union. */
function spread(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { options, innerType, in: input } = definition(schema);
  if (options) return options.flatMap(spread);
  if (innerType) return spread(innerType);
  return input ? spread(input) : [schema];
}

function child(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const { shape, element, valueType } = definition(schema);
  const found = typeof key === 'number' ? element : (shape?.[String(key)] ?? valueType);
  return found ? [found] : [];
}

function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> {
  return definition(schema).shape ?? {};
}

function descriptionOf(schema: z.core.$ZodType): string | undefined {
  const own = (schema as z.ZodType).description;
  const { innerType } = definition(schema);
  return own ?? (innerType && descriptionOf(innerType));
}

/** The values a property may take where they are few: the options of an enum, true and false. */
export function valuesOf(schema: z.core.$ZodType): string[] {
  return spread(schema).flatMap((each) => {
    const { type } = definition(each);
    if (type === 'boolean') return ['true', 'false'];
    return type === 'enum' ? (each as z.ZodEnum).options.map(String) : [];
  });
}
