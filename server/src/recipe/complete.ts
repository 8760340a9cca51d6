/** What may be written at a place in a recipe: keys, values, files, names of layers. */

import { readdirSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { targetsOf } from '#engine/device/find-target';
import { summaryOf } from '#engine/device/summary';
import { knownKeys, propertiesAt, valuesOf } from '#engine/recipe/known-keys';
import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';
import { placeAt, type Place } from './place';
import { structuredOf } from './recipe-document';
import { inspectionOf } from './recipe-model';
import { quoted } from './yaml-edit';

export interface Suggestion extends Span {
  readonly label: string;
  readonly insert: string;
  readonly kind: 'key' | 'value' | 'file' | 'layer';
  readonly documentation?: string;
}

export function complete(
  document: SourceDocument,
  offset: number,
  workspace: Workspace,
): Suggestion[] {
  const schema = structuredOf(document)?.schema;
  if (!schema) return [];
  const place = placeAt(document.text, offset);
  if (!place) return [];
  const { from, to } = place;
  const found =
    place.kind === 'key'
      ? keys(place, schema, document, workspace)
      : values(place, schema, document, workspace);
  return found.map((each) => ({ ...each, from, to }));
}

type Bare = Omit<Suggestion, 'from' | 'to'>;

type Schema = NonNullable<ReturnType<typeof structuredOf>>['schema'];

function keys(
  place: Place,
  schema: Schema,
  document: SourceDocument,
  workspace: Workspace,
): Bare[] {
  const { path } = place;
  if (path.at(-1) === 'layers' && path[0] === 'steps') return layerNames(document, workspace);
  const isStep = path[0] === 'steps' && path.length === 2;
  return Object.entries(propertiesAt(path, schema))
    .filter(([name]) => !place.siblings.has(name))
    .map(([name, { description }]) => {
      const holds = isStep || knownKeys([...path, name], schema).length > 0 || lists.includes(name);
      const insert = holds ? `${name}:` : `${name}: `;
      return { label: name, insert, kind: 'key', documentation: description };
    });
}

/** Layers by name, and each part of the model above them as a glob. */
function layerNames(document: SourceDocument, workspace: Workspace): Bare[] {
  const layers = inspectionOf(document, workspace)?.layers ?? [];
  const costly = layers.filter(({ macs }) => macs > 0);
  const parts = new Set<string>();
  for (const { name } of costly) {
    for (let end = name.indexOf('.'); end > 0; end = name.indexOf('.', end + 1)) {
      parts.add(`${name.slice(0, end)}.*`);
    }
  }
  return [...parts, ...costly.map(({ name }) => name)].map((name) => ({
    label: name,
    insert: `${quoted(name)}: `,
    kind: 'layer',
  }));
}

/** Keys of lists, which begin on a line of their own. */
const lists = ['steps', 'budgets'];

function values(
  { path }: Place,
  schema: Schema,
  document: SourceDocument,
  workspace: Workspace,
): Bare[] {
  const where = path.join('.');
  if (where === 'model') return modelFiles(document, workspace);
  if (where === 'data.path' || where === 'data.validation') return dataFiles(document);
  if (path.at(-1) === 'device') return deviceIds(workspace);
  const property = propertiesAt(path.slice(0, -1), schema)[String(path.at(-1))];
  const known = property ? valuesOf(property.schema) : [];
  return known.map((value) => ({ label: value, insert: value, kind: 'value' }));
}

/** Each device, and each way to run models on it. */
function deviceIds({ devices }: Workspace): Bare[] {
  return devices.all.flatMap((device) => {
    const targets = targetsOf([device]).map((target) => summaryOf(target));
    return [
      { label: device.id, insert: device.id, kind: 'value', documentation: device.name },
      ...targets.map(({ id, name, runtime }): Bare => {
        return { label: id, insert: id, kind: 'value', documentation: `${name}, ${runtime}` };
      }),
    ];
  });
}

function modelFiles(document: SourceDocument, { knownFiles }: Workspace): Bare[] {
  return knownFiles.map((file) => {
    const label = relative(dirname(document.path), file).split(sep).join('/');
    return { label, insert: quoted(label), kind: 'file' };
  });
}

const dataKinds = /\.(npz|npy|zip|csv)$/i;
const mostEntries = 500;

/** Data in the recipe's folder and the folders in it. */
function dataFiles(document: SourceDocument): Bare[] {
  const home = dirname(document.path);
  const list = (folder: string) => {
    try {
      return readdirSync(resolve(home, folder), { withFileTypes: true }).slice(0, mostEntries);
    } catch {
      return [];
    }
  };
  const here = list('.').filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
  const files = here.flatMap((entry) =>
    entry.isDirectory()
      ? list(entry.name).flatMap(({ name }) =>
          dataKinds.test(name) ? `${entry.name}/${name}` : [],
        )
      : dataKinds.test(entry.name)
        ? entry.name
        : [],
  );
  return files.map((label) => ({ label, insert: quoted(label), kind: 'file' }));
}
