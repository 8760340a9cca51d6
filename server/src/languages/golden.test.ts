/**
 * What is found in the texts of `server/test-fixtures/`, one folder a case. `UPDATE_GOLDEN=1` writes
 * what is found now; a new case is a new folder, without any code. Inputs that other tools would read
 * as sources of this project end in `.txt`.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceDocument } from '../documents/source-document';
import type { ModuleAttribute } from '../pytorch/module-class';

const fixtures = resolve(__dirname, '../../test-fixtures');
const languageIds: Readonly<Record<string, string>> = {
  py: 'python',
  tsx: 'typescriptreact',
  yaml: 'yaml',
  json: 'jsonc',
};

function documentOf(folder: string): SourceDocument {
  const file = readdirSync(folder).find((name) => name.startsWith('input.'))!;
  const path = join(folder, file);
  const languageId = languageIds[file.split('.')[1]];
  return new SourceDocument(`file://${path}`, path, languageId, 1, readFileSync(path, 'utf8'));
}

function findings(document: SourceDocument, folder: string): object {
  const { lines, text } = document;
  const line = (offset: number): number => lines.lineAt(offset) + 1;
  const local = (path: string): string =>
    path
      .replace(`file://${folder}`, '<url>')
      .replace(folder, '<folder>')
      .replace(resolve(folder, '..'), '<above>');
  return {
    references: document.references.map(({ from, to, paths, role }) => ({
      at: `${line(from)}: ${text.slice(from, to)}`,
      role,
      paths: paths.map(local),
    })),
    modules: document.modules.map(({ name, attributes }) => ({
      name,
      attributes: attributes.map((attribute) => describeAttribute(attribute, line)),
    })),
  };
}

function describeAttribute(attribute: ModuleAttribute, line: (offset: number) => number): unknown {
  const { name, value, optional } = attribute;
  const maybe = optional ? '?' : '';
  const head = `${line(value.from)}: ${name}${maybe} = ${value.kind}`;
  switch (value.kind) {
    case 'layer':
      return `${head} ${value.type}${value.channels === undefined ? '' : ` ${value.channels}`}`;
    case 'module':
      return `${head} ${value.type}`;
    case 'unknown':
      return head;
    case 'container':
      return {
        [head]: value.items?.map((item) => describeAttribute(item, line)) ?? 'unknown items',
      };
  }
}

describe('what is found in a text', () => {
  it.each(readdirSync(fixtures))('%s', (name) => {
    const folder = join(fixtures, name);
    const found = JSON.parse(JSON.stringify(findings(documentOf(folder), folder)));
    const file = join(folder, 'expected.json');
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    expect(existsSync(file), `${relative(fixtures, file)} is missing`).toBe(true);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
});
