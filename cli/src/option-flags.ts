/** Flags from a schema of options: `max_ratio` in a recipe is `--max-ratio` here. */

import { z } from 'zod';
import type { Flag } from './command';

interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly PropertySchema[];
  readonly items?: PropertySchema;
}

export function optionFlags(schema: z.ZodType): Flag[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const properties = (json.properties ?? {}) as Record<string, PropertySchema>;
  return Object.entries(properties).map(([key, property]) => ({
    name: toFlag(key),
    type: flagType(property),
    value: property.enum?.join('|'),
    help: [property.description, shownDefault(property.default)].filter(Boolean).join(' '),
  }));
}

export function toFlag(key: string): string {
  return key.replaceAll('_', '-');
}

export function toKey(flag: string): string {
  return flag.replaceAll('-', '_');
}

/** A union is read as text where it may be text, else as a list of numbers where it may be one. */
function flagType({ type, anyOf = [], items }: PropertySchema): Flag['type'] {
  if (Array.isArray(type)) return type.includes('string') ? 'string' : 'json';
  if (type === 'number' || type === 'integer') return 'number';
  if (anyOf.length > 0 && anyOf.every((each) => flagType(each) === 'number')) return 'number';
  if (type === 'array' && items && flagType(items) === 'number') return 'numbers';
  if (type === 'boolean') return 'boolean';
  if (type === 'string') return 'string';
  if (anyOf.some((each) => each.type === 'string')) return 'string';
  return anyOf.some((each) => each.type === 'array') ? 'numbers' : 'json';
}

function shownDefault(value: unknown): string {
  if (Array.isArray(value)) return `Default ${value.join(',')}.`;
  return value === undefined || typeof value === 'object' ? '' : `Default ${String(value)}.`;
}
