/** The constant values of Python expressions that make paths: strings, joins, `pathlib`, `os.path`. */

import { dirname, posix } from 'node:path';
import type { SyntaxNode } from '@lezer/common';
import type { SourceText } from './language';
import { PythonScopes } from './python-scopes';
import { joinPaths } from './words';

/** Expressions nested deeper than this are not followed. */
const deepest = 24;

export class PythonFolder {
  private readonly scopes: PythonScopes;
  private depth = 0;

  constructor(private readonly source: SourceText) {
    this.scopes = new PythonScopes(source);
  }

  fold(node: SyntaxNode): string | undefined {
    if (this.depth >= deepest) return undefined;
    this.depth++;
    try {
      return this.expression(node);
    } finally {
      this.depth--;
    }
  }

  private expression(node: SyntaxNode): string | undefined {
    switch (node.name) {
      case 'String':
        return unquote(this.textOf(node));
      case 'ContinuedString':
        return this.concatenate(childrenOf(node));
      case 'FormatString':
        return this.format(node);
      case 'ParenthesizedExpression': {
        const inner = childrenOf(node).filter((child) => !/^[()]$/.test(child.name));
        return inner.length === 1 ? this.fold(inner[0]) : undefined;
      }
      case 'BinaryExpression':
        return this.binary(node);
      case 'VariableName':
        return this.variable(node);
      case 'MemberExpression':
        return this.member(node);
      case 'CallExpression':
        return this.call(node);
      default:
        return undefined;
    }
  }

  private binary(node: SyntaxNode): string | undefined {
    const [left, operator, right] = childrenOf(node);
    if (!right) return undefined;
    const sign = this.textOf(operator);
    if (sign !== '+' && sign !== '/') return undefined;
    const [a, b] = [this.fold(left), this.fold(right)];
    if (a === undefined || b === undefined) return undefined;
    return sign === '+' ? a + b : joinPaths(a, b);
  }

  private format(node: SyntaxNode): string | undefined {
    const text = this.textOf(node);
    const open = /^[a-z]*("""|'''|"|')/i.exec(text);
    if (!open) return undefined;
    const raw = /r/i.test(open[0]);
    const start = node.from + open[0].length;
    const end = node.to - open[1].length;
    let result = '';
    let at = start;
    const literal = (to: number) => {
      const piece = this.source.text.slice(at, to).replace(/\{\{/g, '{').replace(/\}\}/g, '}');
      result += raw ? piece : unescape(piece);
    };
    for (const child of childrenOf(node).filter(({ name }) => name === 'FormatReplacement')) {
      literal(child.from);
      const inner = childrenOf(child).filter(({ name }) => !/^[{}]$/.test(name));
      const value = inner.length === 1 ? this.fold(inner[0]) : undefined;
      if (value === undefined) return undefined;
      result += value;
      at = child.to;
    }
    literal(end);
    return result;
  }

  private variable(node: SyntaxNode): string | undefined {
    const name = this.textOf(node);
    if (name === '__file__') return this.source.path;
    const value = this.scopes.valueOf(name, node);
    return value && this.fold(value);
  }

  private member(node: SyntaxNode): string | undefined {
    const [object, ...rest] = childrenOf(node);
    const property = rest.find(({ name }) => name === 'PropertyName');
    if (!property) return this.parents(object, rest);
    const name = this.textOf(property);
    if (name === 'parent' || name === 'name' || name === 'stem') {
      const path = this.fold(object);
      if (path === undefined) return undefined;
      if (name === 'parent') return dirname(path);
      return name === 'name' ? posix.basename(path) : posix.parse(path).name;
    }
    if (object.name !== 'VariableName') return undefined;
    const value = this.scopes.classValueOf(this.textOf(object), name, node);
    return value && this.fold(value);
  }

  /** `Path(__file__).parents[1]` */
  private parents(object: SyntaxNode, rest: readonly SyntaxNode[]): string | undefined {
    const index = rest.find(({ name }) => name === 'Number');
    const [path, , property] = childrenOf(object);
    const isParents =
      object.name === 'MemberExpression' && property && this.textOf(property) === 'parents';
    const steps = index ? Number(this.textOf(index)) : NaN;
    if (!isParents || !(steps >= 0 && steps < 32)) return undefined;
    let folder = this.fold(path);
    for (let step = 0; step <= steps && folder !== undefined; step++) folder = dirname(folder);
    return folder;
  }

  private call(node: SyntaxNode): string | undefined {
    const [callee, list] = childrenOf(node);
    if (list?.name !== 'ArgList') return undefined;
    const given = childrenOf(list).filter(({ name }) => !/^[(),]$/.test(name));
    if (given.some(({ name }) => name === 'AssignOp' || name === '*' || name === '**')) {
      return undefined;
    }
    const name = this.textOf(callee).replace(/^(pathlib|os\.path|posixpath|ospath)\./, '');
    if (/^(Pure)?(Posix|Windows)?Path\.cwd$|^os\.getcwd$/.test(name)) return '.';
    if (joins.test(name)) return this.join(given);
    if (name === 'dirname') {
      const path = given.length === 1 ? this.fold(given[0]) : undefined;
      return path && dirname(path);
    }
    if (callee.name !== 'MemberExpression') return undefined;
    return this.method(callee, given);
  }

  private method(callee: SyntaxNode, given: readonly SyntaxNode[]): string | undefined {
    const parts = childrenOf(callee);
    const property = parts.at(-1)!;
    const object = parts[0];
    const name = this.textOf(property);
    if (!methods.has(name)) return undefined;
    const path = this.fold(object);
    if (path === undefined) return undefined;
    if (given.length === 0) return name.startsWith('with') ? undefined : path;
    const rest = this.join(given);
    if (rest === undefined) return undefined;
    if (name === 'joinpath') return joinPaths(path, rest);
    if (name === 'with_name') return joinPaths(dirname(path), rest);
    return name === 'with_suffix' ? path.replace(/(\.[^./\\]*)?$/, rest) : path;
  }

  private join(nodes: readonly SyntaxNode[]): string | undefined {
    const parts = nodes.map((node) => this.fold(node));
    return parts.every((part) => part !== undefined) ? joinPaths(...parts) : undefined;
  }

  private concatenate(nodes: readonly SyntaxNode[]): string | undefined {
    const parts = nodes.map((node) => this.fold(node));
    return parts.every((part) => part !== undefined) ? parts.join('') : undefined;
  }

  private textOf(node: SyntaxNode): string {
    return this.source.text.slice(node.from, node.to);
  }
}

/** Calls whose value is their arguments, joined. */
const joins =
  /^((Pure)?(Posix|Windows)?Path|str|join|abspath|realpath|normpath|fspath|os\.fspath|AnyPath|UPath)$/;

/** Methods of a path whose value is known. */
const methods = new Set([
  ...['resolve', 'absolute', 'as_posix', '__str__', 'strip'],
  ...['joinpath', 'with_name', 'with_suffix'],
]);

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'Comment') children.push(child);
  }
  return children;
}

/** The value of a Python string literal; undefined for bytes. */
export function unquote(literal: string): string | undefined {
  const match = /^([a-z]*)("""|'''|"|')/i.exec(literal);
  if (!match || /b/i.test(match[1])) return undefined;
  const inner = literal.slice(match[0].length, literal.length - match[2].length);
  return /r/i.test(match[1]) ? inner : unescape(inner);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

function unescape(text: string): string {
  return text.replace(/\\(\r?\n|.)/g, (_, what: string) =>
    what.endsWith('\n') ? '' : (escapes[what] ?? (/[\\'"]/.test(what) ? what : `\\${what}`)),
  );
}
