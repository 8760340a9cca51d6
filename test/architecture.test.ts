/** The invariants of ARCHITECTURE.md that can be read off the imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(__dirname, '..');

interface Import {
  /** Path of the importing file from the root, with `/`. */
  readonly from: string;
  /** Path of the imported file without extension, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What ships: neither tests nor the folders named `testing`, which only tests import. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.includes('/testing/'));
}

const pattern =
  /(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|(?:require|import)\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(pattern)].map(([, typeOnly, statement, call]) => ({
    from: file,
    to: target(file, statement ?? call),
    typeOnly: typeOnly !== undefined,
  }));
}

function target(file: string, specifier: string): string {
  if (specifier.startsWith('#')) {
    const [folder, ...rest] = specifier.slice(1).split('/');
    return `${folder}/src/${rest.join('/')}`;
  }
  if (!specifier.startsWith('.')) return specifier;
  return relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/');
}

const packages = ['engine', 'protocol', 'server', 'client', 'webview', 'cli'];
const all = packages.flatMap((each) => sources(`${each}/src`)).flatMap(importsOf);

/** Edges that break a rule, as `file → import`. */
function offending(rule: (edge: Import) => boolean): string[] {
  return all.filter(rule).map(({ from, to }) => `${from} → ${to}`);
}

const within = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);

describe('the architecture', () => {
  it('finds the imports it is about to judge', () => {
    expect(all.length).toBeGreaterThan(200);
  });

  it('keeps editors out of the engine', () => {
    const outside = ['server', 'client', 'webview', 'cli'];
    expect(
      offending(
        ({ from, to }) =>
          within(from, 'engine') &&
          (to.startsWith('vscode') || outside.some((folder) => within(to, folder))),
      ),
    ).toEqual([]);
  });

  it('lets the intermediate representation and linear algebra stand alone', () => {
    const alone = ['engine/src/ir', 'engine/src/linalg'];
    expect(
      offending(({ from, to }) =>
        alone.some((folder) => within(from, folder) && within(to, 'engine') && !within(to, folder)),
      ),
    ).toEqual([]);
  });

  it('keeps layers of the engine above what they are built on', () => {
    const below: Record<string, string[]> = {
      onnx: ['ir'],
      ops: ['ir'],
      channels: ['ops', 'ir', 'inspect'],
      inspect: ['ops', 'ir', 'onnx', 'channels'],
      data: ['ir', 'linalg'],
      runtime: ['ir', 'linalg', 'onnx', 'data', 'ops'],
      device: ['inspect', 'ir', 'linalg', 'onnx', 'ops', 'runtime'],
      budget: ['device', 'inspect', 'ir', 'onnx'],
      advice: ['channels', 'criteria', 'inspect', 'ir', 'linalg', 'ops', 'passes'],
    };
    expect(
      offending(({ from, to, typeOnly }) => {
        const [, , folder] = from.split('/');
        const allowed = below[folder];
        if (typeOnly || !within(from, 'engine') || !allowed || !within(to, 'engine')) return false;
        const [, , other] = to.split('/');
        return other !== folder && other !== 'version' && !allowed.includes(other);
      }),
    ).toEqual([]);
  });

  it('imports ONNX Runtime in one file only', () => {
    const importers = new Set(
      all
        .filter(({ to, typeOnly }) => to.startsWith('onnxruntime') && !typeOnly)
        .map(({ from }) => from),
    );
    expect([...importers]).toEqual(['engine/src/runtime/worker.ts']);
  });

  it('keeps the engine out of the client, and everything but the protocol out of the webview', () => {
    expect(offending(({ from, to }) => within(from, 'client') && within(to, 'engine'))).toEqual([]);
    const others = packages.filter((each) => each !== 'webview' && each !== 'protocol');
    expect(
      offending(
        ({ from, to }) => within(from, 'webview') && others.some((each) => within(to, each)),
      ),
    ).toEqual([]);
  });

  it('lets nothing that ships import test support', () => {
    expect(offending(({ to }) => to.includes('/testing/'))).toEqual([]);
  });

  it('keeps the protocol free of dependencies', () => {
    expect(
      offending(({ from, to }) => within(from, 'protocol') && !within(to, 'protocol')),
    ).toEqual([]);
  });

  it('keeps LSP types in the features of the server', () => {
    expect(
      offending(
        ({ from, to }) =>
          within(from, 'server') &&
          to.startsWith('vscode-languageserver') &&
          !within(from, 'server/src/features') &&
          !['server/src/main.ts', 'server/src/server.ts'].includes(from),
      ),
    ).toEqual([]);
  });
});
