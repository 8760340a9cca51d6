/**
 * Which image files a dataset consists of, in which order, and under which labels: a folder or a zip
 * archive with one folder per class, or a CSV manifest that names files in either.
 */

import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { CoppiceError } from '../ir/issue';
import { fileBytes, type ByteSource } from './byte-source';
import { parseCsv } from './csv';
import type { Preprocessing } from './preprocessing';
import { openZip } from './zip';

export interface ImageFile {
  /** Path inside the folder or archive, with forward slashes. */
  readonly name: string;
  readonly label?: number;
  read(): Uint8Array;
}

export interface ImageFiles {
  readonly files: readonly ImageFile[];
  readonly labelled: boolean;
  /** What the identity of the data is made of. */
  readonly content: readonly { readonly label: string; readonly source: ByteSource }[];
}

/** Files of a folder or zip by their path inside it. */
interface Store {
  readonly path: string;
  readonly names: readonly string[];
  read(name: string): Uint8Array;
  content(names: readonly string[]): ImageFiles['content'];
}

const imageName = /\.(jpe?g|png|webp|bmp|gif|tiff?)$/i;
const maxImageBytes = 2 ** 28;
const maxDepth = 8;
const maxFiles = 5_000_000;
const maxManifestBytes = 2 ** 28;

/** Images of a folder or .zip: labelled by folder, or by the manifest that `labels` names. */
export function imagesOfStore(path: string, options: Preprocessing): ImageFiles {
  const store = openStore(path);
  if (options.labels === undefined) return byFolder(store);
  const manifest = statSync(path).isDirectory()
    ? [join(path, options.labels), join(dirname(path), options.labels)].find(isFile)
    : join(dirname(path), options.labels);
  return byManifest(manifest ?? join(path, options.labels), store);
}

/** Images that a CSV manifest lists. They lie where `images` says, beside it, or in a zip beside it. */
export function imagesOfManifest(path: string, options: Preprocessing): ImageFiles {
  if (options.images !== undefined) {
    return byManifest(path, openStore(join(dirname(path), options.images)));
  }
  const folder = dirname(path);
  const [first] = readManifest(path);
  if (isFile(join(folder, first.file))) return byManifest(path, folderStore(folder));
  const stores = readdirSync(folder)
    .filter((name) => name.endsWith('.zip') || statSync(join(folder, name)).isDirectory())
    .map((name) => join(folder, name))
    .filter((candidate) => holds(candidate, first.file));
  if (stores.length === 1) return byManifest(path, openStore(stores[0]));
  throw new CoppiceError(
    'manifest',
    `${path}: its first image "${first.file}" was found ` +
      (stores.length === 0
        ? 'neither beside it nor in a folder or zip beside it. '
        : `in several places (${stores.join(', ')}). `) +
      'Name the folder or zip by the option images.',
  );
}

function holds(candidate: string, file: string): boolean {
  if (!candidate.endsWith('.zip')) return isFile(join(candidate, file));
  try {
    return openZip(candidate).members.some((member) => member.name === file);
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function openStore(path: string): Store {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found)
    throw new CoppiceError('data-missing', `${path}: there is no such folder or archive.`);
  return found.isDirectory() ? folderStore(path) : zipStore(path);
}

function zipStore(path: string): Store {
  const archive = openZip(path);
  const members = new Map(
    archive.members
      .filter(({ name }) => !/(^|\/)(\.|__MACOSX)/.test(name))
      .map((member) => [member.name, member]),
  );
  return {
    path,
    names: [...members.keys()],
    read: (name) => {
      const member = members.get(name)!;
      checkSize(`${path}: ${name}`, member.size);
      return archive.read(member);
    },
    content: () => [{ label: '', source: fileBytes(path) }],
  };
}

function folderStore(path: string): Store {
  let names: string[] | undefined;
  return {
    path,
    // Listed only when asked: a manifest knows its files.
    get names() {
      return (names ??= list(path, path, 0));
    },
    read: (name) => {
      const source = fileBytes(join(path, name));
      checkSize(source.name, source.size);
      return source.read(0, source.size);
    },
    content: (wanted) =>
      wanted.map((name) => ({ label: name, source: fileBytes(join(path, name)) })),
  };
}

function checkSize(name: string, size: number): void {
  if (size > maxImageBytes) throw new CoppiceError('image', `${name}: ${size} bytes are too many.`);
}

function list(root: string, folder: string, depth: number): string[] {
  if (depth > maxDepth) return [];
  const names = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) return list(root, path, depth + 1);
      return found?.isFile() ? [relative(root, path).replaceAll(sep, '/')] : [];
    });
  if (names.length <= maxFiles) return names;
  throw new CoppiceError('data-size', `${root}: it holds more than ${maxFiles} files.`);
}

/** The first folder below what all images share is the class; folders that count are class indices. */
function byFolder(store: Store): ImageFiles {
  const images = store.names.filter((name) => imageName.test(name));
  if (images.length === 0) {
    throw new CoppiceError('data-empty', `${store.path}: there are no images in it.`);
  }
  const shared = sharedFolder(images);
  const classOf = (name: string): string | undefined => {
    const rest = name.slice(shared.length);
    return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : undefined;
  };
  const classes = [...new Set(images.map(classOf))];
  const labelled = classes.length > 1 && !classes.includes(undefined);
  if (!labelled && classes.length > 1) {
    const stray = images.find((name) => classOf(name) === undefined);
    throw new CoppiceError(
      'image-folder',
      `${store.path}: "${stray}" lies beside the class folders. Move it into one, or list all ` +
        'images in a CSV manifest.',
    );
  }
  const indices = classIndices(classes.filter((name) => name !== undefined));
  const sorted = images
    .map((name) => ({ name, label: labelled ? indices.get(classOf(name)!) : undefined }))
    .sort((a, b) => (a.label ?? 0) - (b.label ?? 0) || (a.name < b.name ? -1 : 1));
  return collect(store, sorted, labelled, []);
}

function sharedFolder(names: readonly string[]): string {
  const folders = names[0].split('/').slice(0, -1);
  let shared = '';
  for (const folder of folders) {
    const longer = `${shared}${folder}/`;
    if (!names.every((name) => name.startsWith(longer))) break;
    shared = longer;
  }
  return shared;
}

/** Class names in the order of their code units; names that are all numbers count for themselves. */
function classIndices(names: readonly string[]): Map<string, number> {
  if (names.every((name) => /^\d{1,9}$/.test(name))) {
    return new Map(names.map((name) => [name, Number(name)]));
  }
  return new Map([...names].sort().map((name, index) => [name, index]));
}

function byManifest(path: string, store: Store): ImageFiles {
  const rows = readManifest(path);
  const labelled = rows.every((row) => row.label !== '');
  const indices = classIndices([...new Set(rows.map((row) => row.label))]);
  const files = rows.map(({ file, label }) => ({
    name: file,
    label: labelled ? indices.get(label) : undefined,
  }));
  return collect(store, files, labelled, [{ label: '', source: fileBytes(path) }]);
}

/** Files and labels; a label is an index where all are numbers, else a name. */
function readManifest(path: string): { file: string; label: string }[] {
  const source = fileBytes(path);
  if (source.size > maxManifestBytes) {
    throw new CoppiceError(
      'manifest',
      `${path}: ${source.size} bytes are too many for a manifest.`,
    );
  }
  const rows = parseCsv(new TextDecoder().decode(source.read(0, source.size)));
  const column = (...names: string[]): string | undefined =>
    names.find((name) => rows.length > 0 && name in rows[0]);
  const file = column('file', 'path', 'filename', 'image');
  const label = column('index', 'label', 'class');
  if (file === undefined) {
    throw new CoppiceError(
      'manifest',
      `${path}: it needs a header line with a column "file" (and "index" or "label"), and rows below it.`,
    );
  }
  return rows.map((row) => ({ file: row[file], label: label === undefined ? '' : row[label] }));
}

function collect(
  store: Store,
  entries: readonly { name: string; label?: number }[],
  labelled: boolean,
  manifest: ImageFiles['content'],
): ImageFiles {
  const known =
    manifest.length > 0 && !statSync(store.path).isDirectory() ? new Set(store.names) : undefined;
  const missing = known && entries.find((entry) => !known.has(entry.name));
  if (missing) {
    throw new CoppiceError(
      'manifest',
      `${store.path}: "${missing.name}", which the manifest lists, is not in it.`,
    );
  }
  const files = entries.map((entry) => ({ ...entry, read: () => store.read(entry.name) }));
  const content = [...manifest, ...store.content(entries.map((entry) => entry.name))];
  return { files, labelled, content };
}
