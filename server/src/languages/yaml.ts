/** YAML and recipes: scalars that are paths of models. */

import { isPair, isScalar, parseDocument, visit, type Node, type Pair } from 'yaml';
import type { ModelReference, SourceLanguage } from './language';
import { isModelPath, roleOfKeys } from './words';

export const yaml: SourceLanguage = {
  id: 'yaml',
  languageIds: ['yaml', 'coppice-recipe'],
  findReferences({ text }) {
    const references: ModelReference[] = [];
    const document = parseDocument(text, { logLevel: 'silent' });
    visit(document, {
      Scalar(key, node, ancestors) {
        const { value, range } = node;
        if (key === 'key' || typeof value !== 'string' || !range || !isModelPath(value)) return;
        const [from, to] = range;
        const role = roleOfKeys(keysAbove(ancestors), value);
        references.push({ from, to, paths: [value], role });
      },
    });
    return references;
  },
};

/** Nearest first. */
function keysAbove(ancestors: readonly (Node | Pair | object)[]): string[] {
  const pairs = ancestors.filter((each) => isPair(each)).reverse();
  return pairs.flatMap(({ key }) => (isScalar(key) ? String(key.value) : []));
}
