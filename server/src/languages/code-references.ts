/**
 * Finds the literals that name models in the tree of a programming language. It starts from each
 * literal with `.onnx` in it, widens it to the largest expression whose value is known, and follows
 * the constant that the value is given to, so that what is done with the model is known too.
 */

import type { SyntaxNode, Tree } from '@lezer/common';
import type { ModelReference, ReferenceRole } from './language';
import { isModelPath, roleOfCall, roleOfName, strongest } from './words';

/** Where a value goes. */
export type Destination =
  | { readonly kind: 'call'; readonly callee: string; readonly argument?: string }
  | { readonly kind: 'constant'; readonly name: string; readonly at: SyntaxNode }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'other' };

export interface CodeGrammar {
  isString(node: SyntaxNode): boolean;
  /** The value of an expression if it is a text that is known, with constants in place. */
  fold(node: SyntaxNode): string | undefined;
  /** True for nodes that may stand between a literal and an expression around it. */
  isInner(node: SyntaxNode): boolean;
  destinationOf(expression: SyntaxNode): Destination;
  /** True for an expression that makes a path of its parts, whether or not they are known. */
  isJoin(node: SyntaxNode): boolean;
  /** The node of a use of a constant at an offset; undefined for anything else. */
  useAt(tree: Tree, offset: number, name: string): SyntaxNode | undefined;
}

/** Bounds what one text can cost. */
const mostReferences = 2000;
const mostUses = 40;
const deepestTrace = 3;

export function findCodeReferences(
  text: string,
  tree: Tree,
  grammar: CodeGrammar,
): ModelReference[] {
  const found = new Map<number, ModelReference>();
  for (const match of text.matchAll(/\.onnx(?![\w-])/gi)) {
    if (found.size >= mostReferences) break;
    const literal = literalAt(tree, match.index + 1, grammar);
    if (!literal || found.has(literal.from)) continue;
    const uses = trace(literal, { text, tree, grammar, visited: new Set() }, 0);
    const paths = [...new Set(uses.map((use) => use.path))].filter(isModelPath);
    if (paths.length === 0) continue;
    const role = strongest(uses.filter((use) => paths.includes(use.path)).map((use) => use.role));
    found.set(literal.from, { from: literal.from, to: literal.to, paths, role });
  }
  return [...found.values()];
}

interface Search {
  readonly text: string;
  readonly tree: Tree;
  readonly grammar: CodeGrammar;
  readonly visited: Set<string>;
}

interface Use {
  readonly path: string;
  readonly role: ReferenceRole;
}

function literalAt(tree: Tree, offset: number, grammar: CodeGrammar): SyntaxNode | undefined {
  let node: SyntaxNode | null = tree.resolveInner(offset, 0);
  for (let depth = 0; node && depth < 4; depth++, node = node.parent) {
    if (grammar.isString(node)) return node;
  }
  return undefined;
}

/** All that is done with a value: by the expression around it, or behind the constant it is given to. */
function trace(node: SyntaxNode, search: Search, depth: number): Use[] {
  const { grammar } = search;
  const expression = widest(node, grammar);
  const path = grammar.fold(expression);
  // A part of a path that is not known as a whole leads nowhere.
  if (path === undefined || isPart(expression, grammar)) return [];
  const destination = grammar.destinationOf(expression);
  switch (destination.kind) {
    case 'call': {
      const role = roleOfCall(destination.callee);
      const named = destination.argument ? roleOfName(destination.argument, path) : 'mention';
      return [{ path, role: role ?? named }];
    }
    case 'constant': {
      const own: Use = { path, role: roleOfName(destination.name, path) };
      const uses = depth < deepestTrace ? usesOf(destination, path, search, depth) : [];
      // What is made of a constant says where it leads; alone it may be a part of a path only.
      const elsewhere = uses.filter((use) => use.path !== path);
      if (elsewhere.length > 0) {
        return [...elsewhere, ...uses.filter((use) => use.role !== 'mention')];
      }
      return [own, ...uses];
    }
    case 'name':
      return [{ path, role: roleOfName(destination.name, path) }];
    case 'other':
      return [{ path, role: 'mention' }];
  }
}

function isPart(expression: SyntaxNode, grammar: CodeGrammar): boolean {
  const { parent } = expression;
  const around = parent?.name === 'ArgList' ? parent.parent : parent;
  return around !== null && grammar.isJoin(around);
}

function widest(node: SyntaxNode, grammar: CodeGrammar): SyntaxNode {
  let best = node;
  for (let at = node.parent; at; at = at.parent) {
    if (grammar.fold(at) !== undefined) best = at;
    else if (!grammar.isInner(at)) break;
  }
  return best;
}

function usesOf(
  constant: { name: string; at: SyntaxNode },
  value: string,
  search: Search,
  depth: number,
): Use[] {
  const key = `${constant.name}@${constant.at.from}`;
  if (search.visited.has(key)) return [];
  search.visited.add(key);
  const uses: Use[] = [];
  const pattern = new RegExp(`(?<![\\w$])${constant.name.replace(/\$/g, '\\$')}(?![\\w$])`, 'g');
  let count = 0;
  for (const match of search.text.matchAll(pattern)) {
    if (match.index >= constant.at.from && match.index < constant.at.to) continue;
    if (++count > mostUses) break;
    const node = search.grammar.useAt(search.tree, match.index, constant.name);
    // Another name that is spelt alike has another value.
    if (node && search.grammar.fold(node) === value) uses.push(...trace(node, search, depth + 1));
  }
  return uses;
}
