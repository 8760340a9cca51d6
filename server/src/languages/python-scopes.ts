/** What a Python name stands for where it is used; names that are assigned twice stand for nothing. */

import type { SyntaxNode } from '@lezer/common';
import type { SourceText } from './language';

/** Null: assigned more than once or by something other than a plain assignment. */
type Bindings = ReadonlyMap<string, SyntaxNode | null>;

export class PythonScopes {
  private readonly bindings = new Map<number, Bindings>();

  constructor(private readonly source: SourceText) {}

  /** The expression that a name is given once, in the nearest scope that knows the name. */
  valueOf(name: string, at: SyntaxNode): SyntaxNode | undefined {
    let inFunction = false;
    for (let scope: SyntaxNode | null = at.parent; scope; scope = scope.parent) {
      const isFunction = scope.name === 'FunctionDefinition' || scope.name === 'LambdaExpression';
      // The names of a class are not seen from its methods.
      const isScope =
        isFunction || scope.name === 'Script' || (scope.name === 'ClassDefinition' && !inFunction);
      if (!isScope) continue;
      const bindings = this.bindingsOf(scope);
      const found = bindings.get(name);
      if (found !== undefined)
        return found !== null && found.to <= limitOf(found, at) ? found : undefined;
      inFunction ||= isFunction;
    }
    return undefined;
  }

  /** `self.X`, `cls.X` or `Name.X`: what the class gives X, once. */
  classValueOf(object: string, name: string, at: SyntaxNode): SyntaxNode | undefined {
    const owner =
      object === 'self' || object === 'cls' ? enclosingClass(at) : this.classNamed(object);
    return (owner && this.bindingsOf(owner).get(name)) ?? undefined;
  }

  private classNamed(name: string): SyntaxNode | undefined {
    for (let child = this.source.tree.topNode.firstChild; child; child = child.nextSibling) {
      const definition = child.name === 'DecoratedStatement' ? child.lastChild : child;
      if (definition?.name !== 'ClassDefinition') continue;
      const label = definition.getChild('VariableName');
      if (label && this.textOf(label) === name) return definition;
    }
    return undefined;
  }

  private bindingsOf(scope: SyntaxNode): Bindings {
    // A class and its first statement may start at one offset, so the kind is part of the key.
    const key = scope.from * 4 + ['Script', 'ClassDefinition'].indexOf(scope.name) + 1;
    const known = this.bindings.get(key);
    if (known) return known;
    const bindings = this.collect(scope);
    this.bindings.set(key, bindings);
    return bindings;
  }

  private collect(scope: SyntaxNode): Bindings {
    const bindings = new Map<string, SyntaxNode | null>();
    const bind = (name: string, value: SyntaxNode | null): void => {
      bindings.set(name, bindings.has(name) ? null : value);
    };
    const visit = (node: SyntaxNode): void => {
      for (let child = node.firstChild; child; child = child.nextSibling) {
        switch (child.name) {
          case 'AssignStatement':
            this.assign(child, bind);
            break;
          case 'UpdateStatement':
          case 'ForStatement':
          case 'ImportStatement':
          case 'ParamList':
            for (const name of child.getChildren('VariableName')) bind(this.textOf(name), null);
            if (child.name === 'ForStatement') visit(child);
            break;
          case 'FunctionDefinition':
          case 'ClassDefinition':
          case 'LambdaExpression':
            break;
          default:
            if (blocks.has(child.name)) visit(child);
        }
      }
    };
    visit(scope);
    return bindings;
  }

  private assign(node: SyntaxNode, bind: (name: string, value: SyntaxNode | null) => void): void {
    const operators = node.getChildren('AssignOp');
    const targets = node
      .getChildren('VariableName')
      .filter((each) => each.to <= (operators.at(-1)?.from ?? 0));
    const value = node.lastChild;
    const plain =
      operators.length === 1 &&
      targets.length === 1 &&
      targets[0].from === node.from &&
      !node.getChild(',');
    for (const target of targets) bind(this.textOf(target), plain ? value : null);
  }

  private textOf(node: SyntaxNode): string {
    return this.source.text.slice(node.from, node.to);
  }
}

const blocks = new Set([
  ...['Body', 'IfStatement', 'TryStatement', 'WithStatement', 'WhileStatement', 'StatementGroup'],
]);

/** In one scope a name has its value only behind the assignment; functions run later. */
function limitOf(value: SyntaxNode, at: SyntaxNode): number {
  return functionOf(value)?.from === functionOf(at)?.from ? at.from : Infinity;
}

function functionOf(node: SyntaxNode): SyntaxNode | undefined {
  for (let at = node.parent; at; at = at.parent) {
    if (at.name === 'FunctionDefinition' || at.name === 'LambdaExpression') return at;
  }
  return undefined;
}

export function enclosingClass(node: SyntaxNode): SyntaxNode | undefined {
  for (let at = node.parent; at; at = at.parent) if (at.name === 'ClassDefinition') return at;
  return undefined;
}
