/** JavaScript and TypeScript, with and without JSX: models in strings, templates and joins. */

import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/javascript';
import { findCodeReferences, type CodeGrammar, type Destination } from './code-references';
import { JavaScriptFolder } from './javascript-fold';
import type { SourceLanguage, SourceText } from './language';

export const javascript: SourceLanguage = {
  id: 'javascript',
  languageIds: ['javascript', 'javascriptreact', 'typescript', 'typescriptreact'],
  // One dialect serves all four: hints only want strings and what is around them.
  parser: parser.configure({ dialect: 'ts jsx' }),
  findReferences: (source) => findCodeReferences(source.text, source.tree, grammarOf(source)),
};

function grammarOf(source: SourceText): CodeGrammar {
  const folder = new JavaScriptFolder(source);
  const textOf = (node: SyntaxNode): string => source.text.slice(node.from, node.to);
  return {
    isString: ({ name }) => /^(String|TemplateString|JSXAttributeValue)$/.test(name),
    fold: (node) => folder.fold(node),
    isInner: ({ name }) => inner.has(name),
    destinationOf: (expression) => destinationOf(expression, textOf),
    isJoin: (node) => isJoin(node, textOf),
    useAt(tree, offset, name) {
      const node = tree.resolveInner(offset, 1);
      if (textOf(node) !== name) return undefined;
      if (node.name === 'VariableName') return node;
      return node.name === 'PropertyName' ? (node.parent ?? undefined) : undefined;
    },
  };
}

const inner = new Set([
  ...['ArgList', 'MemberExpression', 'ParenthesizedExpression', 'BinaryExpression'],
  ...['Interpolation', 'TemplateString', 'CallExpression', 'NewExpression'],
]);

/** `a + b`, `join(…)`, `resolve(…)`, `new URL(…)`, and a template with something set into it. */
function isJoin(node: SyntaxNode, textOf: (node: SyntaxNode) => string): boolean {
  if (node.name === 'Interpolation') return true;
  if (node.name === 'BinaryExpression') return textOf(node.firstChild!.nextSibling!) === '+';
  const callee = node.getChild('MemberExpression') ?? node.getChild('VariableName');
  const isCall = node.name === 'CallExpression' || node.name === 'NewExpression';
  return isCall && callee !== null && /(^|\.)(join|resolve|URL|concat)$/.test(textOf(callee));
}

function destinationOf(expression: SyntaxNode, textOf: (node: SyntaxNode) => string): Destination {
  const { parent } = expression;
  switch (parent?.name) {
    case 'ArgList': {
      const call = parent.parent;
      const callee = call?.getChild('MemberExpression') ?? call?.getChild('VariableName');
      return callee ? { kind: 'call', callee: textOf(callee) } : { kind: 'other' };
    }
    case 'VariableDeclaration': {
      const name = expression.prevSibling?.prevSibling;
      const target =
        name?.name === 'VariableDefinition' ? name : parent.getChild('VariableDefinition');
      return target ? { kind: 'constant', name: textOf(target), at: parent } : { kind: 'other' };
    }
    case 'PropertyDeclaration':
    case 'Property': {
      const name = parent.getChild('PropertyDefinition') ?? parent.firstChild!;
      if (name.from === expression.from) return { kind: 'other' };
      return name.name === 'PropertyDefinition'
        ? { kind: 'constant', name: textOf(name), at: parent }
        : { kind: 'name', name: textOf(name) };
    }
    case 'AssignmentExpression': {
      const target = parent.firstChild!;
      return target.from === expression.from
        ? { kind: 'other' }
        : { kind: 'name', name: textOf(target) };
    }
    case 'JSXAttribute':
      return { kind: 'name', name: textOf(parent.firstChild!) };
    case 'ArrayExpression': {
      const outer = destinationOf(parent, textOf);
      return outer.kind === 'constant' ? { kind: 'name', name: outer.name } : outer;
    }
    default:
      return { kind: 'other' };
  }
}
