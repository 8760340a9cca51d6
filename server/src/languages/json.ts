/** JSON, with comments tolerated: values that are paths of models. */

import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/json';
import type { ModelReference, SourceLanguage } from './language';
import { isModelPath, roleOfKeys } from './words';

export const json: SourceLanguage = {
  id: 'json',
  languageIds: ['json', 'jsonc'],
  parser,
  findReferences({ text, tree }) {
    const references: ModelReference[] = [];
    for (const match of text.matchAll(/\.onnx"/gi)) {
      const node = tree.resolveInner(match.index + 1);
      if (node.name !== 'String') continue;
      const path = valueOf(text.slice(node.from, node.to));
      if (path === undefined || !isModelPath(path)) continue;
      const role = roleOfKeys(keysAbove(node, text), path);
      references.push({ from: node.from, to: node.to, paths: [path], role });
    }
    return references;
  },
};

/** The keys above a value, nearest first; a list's items are spoken for by the list's key. */
function keysAbove(node: SyntaxNode, text: string): string[] {
  const keys: string[] = [];
  for (let at: SyntaxNode | null = node; at; at = at.parent) {
    const name = at.name === 'Property' ? at.getChild('PropertyName') : null;
    if (name) keys.push(text.slice(name.from + 1, name.to - 1));
  }
  return keys;
}

function valueOf(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
