/**
 * Finds the classes of a Python text that derive from `nn.Module`, and what their attributes hold, as
 * far as it can be told without running anything.
 */

import type { SyntaxNode } from '@lezer/common';
import type { SourceText } from '../languages/language';
import { childrenOf } from '../languages/python-fold';
import { ModuleValues } from './module-values';
import type { ModuleAttribute, ModuleClass } from './module-class';

/** Bases that make a class a module, by the last part of their name. */
const moduleBases = /(^|\.)(\w*Module|PreTrainedModel|Sequential|ModuleList)$/;

export function findModules(source: SourceText): ModuleClass[] {
  if (!source.text.includes('Module') && !source.text.includes('Sequential')) return [];
  const textOf = (node: SyntaxNode): string => source.text.slice(node.from, node.to);
  const definitions = classesOf(source).filter((node) => node.getChild('VariableName'));
  const nameOf = (node: SyntaxNode): string => textOf(node.getChild('VariableName')!);
  const modules = moduleNames(definitions, nameOf, textOf);
  const values = new ModuleValues(source, modules);
  return definitions
    .filter((node) => modules.has(nameOf(node)))
    .map((node) => ({
      name: nameOf(node),
      from: node.getChild('VariableName')!.from,
      to: node.getChild('VariableName')!.to,
      attributes: [...attributesOf(node, values, textOf), ...itemsOf(node, values, textOf)],
    }));
}

function classesOf({ tree }: SourceText): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const visit = (node: SyntaxNode, depth: number): void => {
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === 'ClassDefinition') found.push(child);
      else if (depth < 4 && nesting.has(child.name)) visit(child, depth + 1);
    }
  };
  visit(tree.topNode, 0);
  return found;
}

/** Where a class may be defined. */
const nesting = new Set(['DecoratedStatement', 'IfStatement', 'TryStatement', 'Body']);

function moduleNames(
  definitions: readonly SyntaxNode[],
  nameOf: (node: SyntaxNode) => string,
  textOf: (node: SyntaxNode) => string,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (let before = -1; before !== names.size;) {
    before = names.size;
    for (const node of definitions) {
      const bases = childrenOf(node.getChild('ArgList') ?? node).map(textOf);
      const derives = bases.some((base) => moduleBases.test(base) || names.has(base));
      if (derives && node.getChild('ArgList')) names.add(nameOf(node));
    }
  }
  return names;
}

/** `self.name = value`, wherever the class's methods say it. */
function attributesOf(
  definition: SyntaxNode,
  values: ModuleValues,
  textOf: (node: SyntaxNode) => string,
): ModuleAttribute[] {
  const attributes: ModuleAttribute[] = [];
  const body = definition.getChild('Body');
  body?.cursor().iterate((ref) => {
    if (ref.name === 'ClassDefinition') return false;
    if (ref.name !== 'AssignStatement') return true;
    const { node } = ref;
    const target = node.firstChild;
    const value = node.lastChild;
    if (!target || !value || target.name !== 'MemberExpression') return false;
    const [object, , property] = childrenOf(target);
    if (property?.name !== 'PropertyName' || textOf(object) !== 'self') return false;
    const name = textOf(property);
    const optional = isConditional(node);
    for (const each of values.valuesOf(value)) {
      const place = { target: { from: target.from, to: target.to } };
      attributes.push({
        name,
        value: each,
        optional: optional || each.optional === true,
        ...place,
      });
    }
    return false;
  });
  return attributes;
}

/** `super().__init__(nn.Conv2d(…), …)` in a class that is a container itself. */
function itemsOf(
  definition: SyntaxNode,
  values: ModuleValues,
  textOf: (node: SyntaxNode) => string,
): ModuleAttribute[] {
  if (!/Sequential/.test(textOf(definition.getChild('ArgList')!))) return [];
  const items: ModuleAttribute[] = [];
  definition
    .getChild('Body')
    ?.cursor()
    .iterate((ref) => {
      if (ref.name !== 'CallExpression') return true;
      const [callee, list] = childrenOf(ref.node);
      if (!/^super\(.*\)\.__init__$/.test(textOf(callee))) return true;
      items.push(...(values.itemsOf(list) ?? []));
      return false;
    });
  return items;
}

/** True for what is only run in some cases: such an attribute may be missing in a model. */
function isConditional(node: SyntaxNode): boolean {
  for (let at = node.parent; at && at.name !== 'FunctionDefinition'; at = at.parent) {
    if (/^(If|For|While|Try|Match)/.test(at.name)) return true;
  }
  return false;
}
