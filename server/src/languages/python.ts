/** Python: models in strings, f-strings and joins; layers in classes that derive from `nn.Module`. */

import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { findModules } from '../pytorch/find-modules';
import { findCodeReferences, type CodeGrammar, type Destination } from './code-references';
import type { SourceLanguage, SourceText } from './language';
import { PythonFolder } from './python-fold';

export const python: SourceLanguage = {
  id: 'python',
  languageIds: ['python'],
  parser,
  findReferences: (source) => findCodeReferences(source.text, source.tree, grammarOf(source)),
  findModules,
};

function grammarOf(source: SourceText): CodeGrammar {
  const folder = new PythonFolder(source);
  const textOf = (node: SyntaxNode): string => source.text.slice(node.from, node.to);
  return {
    isString: ({ name }) => name === 'String' || name === 'FormatString',
    fold: (node) => folder.fold(node),
    isInner: ({ name }) => inner.has(name),
    destinationOf: (expression) => destinationOf(expression, textOf),
    isJoin: (node) => isJoin(node, textOf),
    useAt(tree, offset, name) {
      const node = tree.resolveInner(offset, 1);
      if (node.name === 'VariableName' && textOf(node) === name) return node;
      const isMember = node.name === 'PropertyName' && textOf(node) === name;
      return isMember ? (node.parent ?? undefined) : undefined;
    },
  };
}

/** What may stand between a literal and the join it is part of. */
const inner = new Set([
  ...['ArgList', 'MemberExpression', 'ParenthesizedExpression', 'BinaryExpression'],
  ...['FormatReplacement', 'FormatString', 'ContinuedString'],
]);

/** `a / b`, `a + b`, `os.path.join(…)`, `folder.joinpath(…)`, and a text with something set into it. */
function isJoin(node: SyntaxNode, textOf: (node: SyntaxNode) => string): boolean {
  if (node.name === 'FormatReplacement') return true;
  if (node.name === 'BinaryExpression')
    return /^[+/%]$/.test(textOf(node.firstChild!.nextSibling!));
  const isCall = node.name === 'CallExpression' && node.firstChild !== null;
  return isCall && /(^|[./])(join|joinpath|Path|with_name|format)$/.test(textOf(node.firstChild!));
}

function destinationOf(expression: SyntaxNode, textOf: (node: SyntaxNode) => string): Destination {
  const { parent } = expression;
  switch (parent?.name) {
    case 'ArgList': {
      const callee = parent.parent?.firstChild;
      const argument = keywordOf(expression, textOf);
      if (!callee || parent.parent?.name !== 'CallExpression') return { kind: 'other' };
      return { kind: 'call', callee: textOf(callee), argument };
    }
    case 'AssignStatement': {
      const target = parent.firstChild!;
      if (target.from === expression.from) return { kind: 'other' };
      if (target.name === 'VariableName') {
        return { kind: 'constant', name: textOf(target), at: parent };
      }
      const property = target.name === 'MemberExpression' ? target.lastChild : null;
      return property
        ? { kind: 'constant', name: textOf(property), at: parent }
        : { kind: 'other' };
    }
    case 'ParamList': {
      const name = keywordOf(expression, textOf);
      return name ? { kind: 'name', name } : { kind: 'other' };
    }
    case 'DictionaryExpression': {
      const key = expression.prevSibling?.prevSibling;
      return key && expression.prevSibling?.name === ':'
        ? { kind: 'name', name: textOf(key) }
        : { kind: 'other' };
    }
    case 'ArrayExpression':
    case 'TupleExpression':
      return destinationOfItem(parent, textOf);
    case 'ReturnStatement':
    default:
      return { kind: 'other' };
  }
}

/** `MODELS = ["a.onnx", "b.onnx"]`: the list's name speaks for its items. */
function destinationOfItem(list: SyntaxNode, textOf: (node: SyntaxNode) => string): Destination {
  const outer = destinationOf(list, textOf);
  return outer.kind === 'constant' ? { kind: 'name', name: outer.name } : outer;
}

/** The name before `=` in a call or in a parameter list. */
function keywordOf(
  expression: SyntaxNode,
  textOf: (node: SyntaxNode) => string,
): string | undefined {
  const sign = expression.prevSibling;
  if (sign?.name !== 'AssignOp') return undefined;
  let name = sign.prevSibling;
  if (name?.name === 'TypeDef') name = name.prevSibling;
  return name ? textOf(name) : undefined;
}
