/** The arguments of a Python call. */

import type { SyntaxNode } from '@lezer/common';
import { childrenOf } from '../languages/python-fold';

export interface Argument {
  readonly value: SyntaxNode;
  readonly keyword?: SyntaxNode;
  readonly starred: boolean;
}

export function argumentsOf(list: SyntaxNode | undefined): Argument[] {
  if (list?.name !== 'ArgList') return [];
  const given: Argument[] = [];
  for (const node of childrenOf(list)) {
    if (!isItem(node) || node.name === 'AssignOp' || node.nextSibling?.name === 'AssignOp')
      continue;
    const before = node.prevSibling;
    const keyword = before?.name === 'AssignOp' ? (before.prevSibling ?? undefined) : undefined;
    given.push({ value: node, keyword, starred: before?.name === '*' || before?.name === '**' });
  }
  return given;
}

export function isItem({ name }: SyntaxNode): boolean {
  return !/^([()[\]{},:*]|\*\*)$/.test(name);
}
