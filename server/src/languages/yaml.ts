/** YAML and recipes: scalars that are paths of models. */

import { isPair, isScalar, parseDocument, visit, type Node, type Pair } from 'yaml';
import type { ModelReference, SourceLanguage } from './language';
import { isModelPath, roleOfName } from './words';

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
        const role = roleOfName(keyOf(ancestors) ?? '');
        references.push({ from, to, paths: [value], role });
      },
    });
    return references;
  },
};

function keyOf(ancestors: readonly (Node | Pair | object)[]): string | undefined {
  const pair = ancestors.findLast((each) => isPair(each));
  return pair && isScalar(pair.key) ? String(pair.key.value) : undefined;
}
