/** The constant values of JavaScript and TypeScript expressions that make paths. */

import { dirname, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SyntaxNode } from '@lezer/common';
import type { SourceText } from './language';
import { childrenOf } from './python-fold';
import { joinPaths } from './words';

const deepest = 24;

export class JavaScriptFolder {
  private depth = 0;
  private declared: ReadonlyMap<string, SyntaxNode | null> | undefined;

  constructor(private readonly source: SourceText) {}

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
      case 'JSXAttributeValue':
        return unquote(this.textOf(node).slice(1, -1));
      case 'TemplateString':
        return this.template(node);
      case 'ParenthesizedExpression':
        return this.only(childrenOf(node).filter(({ name }) => !/^[()]$/.test(name)));
      case 'BinaryExpression':
        return this.binary(node);
      case 'PostfixExpression':
        return this.only(childrenOf(node).slice(0, 1));
      case 'VariableName':
        return this.variable(this.textOf(node));
      case 'MemberExpression':
        return this.member(node);
      case 'CallExpression':
      case 'NewExpression':
        return this.call(node);
      default:
        return undefined;
    }
  }

  private only(nodes: readonly SyntaxNode[]): string | undefined {
    return nodes.length === 1 ? this.fold(nodes[0]) : undefined;
  }

  private binary(node: SyntaxNode): string | undefined {
    const [left, operator, right] = childrenOf(node);
    if (operator.name === 'as' || operator.name === 'satisfies') return this.fold(left);
    if (!right || this.textOf(operator) !== '+') return undefined;
    const [a, b] = [this.fold(left), this.fold(right)];
    return a === undefined || b === undefined ? undefined : a + b;
  }

  private template(node: SyntaxNode): string | undefined {
    let result = '';
    let at = node.from + 1;
    for (const child of node.getChildren('Interpolation')) {
      const [, inner, ...more] = childrenOf(child);
      const value = more.length === 1 ? this.fold(inner) : undefined;
      if (value === undefined) return undefined;
      result += unquote(this.source.text.slice(at, child.from)) + value;
      at = child.to;
    }
    return result + unquote(this.source.text.slice(at, node.to - 1));
  }

  private variable(name: string): string | undefined {
    if (name === '__dirname') return dirname(this.source.path);
    if (name === '__filename') return this.source.path;
    const value = this.constants.get(name);
    return value ? this.fold(value) : undefined;
  }

  private member(node: SyntaxNode): string | undefined {
    const text = this.textOf(node);
    if (text === 'import.meta.url') return pathToFileURL(this.source.path).href;
    if (text === 'import.meta.dirname') return dirname(this.source.path);
    if (text === 'import.meta.filename') return this.source.path;
    const [object] = childrenOf(node);
    const property = node.getChild('PropertyName');
    if (!property) return undefined;
    const name = this.textOf(property);
    if (name === 'href') return this.fold(object);
    if (name === 'pathname') return asPath(this.fold(object));
    const value = this.constants.get(`.${name}`);
    return value && memberOwner.test(this.textOf(object)) ? this.fold(value) : undefined;
  }

  private call(node: SyntaxNode): string | undefined {
    const parts = childrenOf(node).filter(({ name }) => name !== 'new' && name !== 'TypeArgList');
    const [callee, list] = parts;
    if (list?.name !== 'ArgList') return undefined;
    const given = childrenOf(list).filter(({ name }) => !/^[(),]$/.test(name));
    if (given.some(({ name }) => name === 'Spread' || name === '...')) return undefined;
    const name = this.textOf(callee).replace(/^(\w*[pP]ath|url|node:path)(\.posix|\.win32)?\./, '');
    if (name === 'process.cwd') return '.';
    if (node.name === 'NewExpression') {
      return name === 'URL' || name === 'globalThis.URL' ? this.url(given) : undefined;
    }
    const values = given.map((each) => this.fold(each));
    if (!values.every((value) => value !== undefined)) return undefined;
    return this.known(callee, name, values);
  }

  private known(callee: SyntaxNode, name: string, values: string[]): string | undefined {
    if (name === 'join')
      return values.reduce((path, part) => (path ? `${path}/${part}` : part), '');
    if (name === 'resolve') return joinPaths(...values);
    const [first] = values;
    switch (first === undefined ? '' : name) {
      case 'dirname':
        return dirname(first);
      case 'basename':
        return posix.basename(first);
      case 'normalize':
      case 'String':
      case 'JSXAttributeValue':
      case 'pathToFileURL':
      case 'require.resolve':
        return first;
      case 'fileURLToPath':
        return asPath(first);
    }
    if (values.length > 0 || callee.name !== 'MemberExpression') return undefined;
    return /\.(toString|trim)$/.test(name) ? this.fold(callee.firstChild!) : undefined;
  }

  /** `new URL('./x.onnx', import.meta.url)` */
  private url(given: readonly SyntaxNode[]): string | undefined {
    const [relative, base] = given.map((each) => this.fold(each));
    if (relative === undefined || (given.length > 1 && base === undefined)) return undefined;
    return URL.canParse(relative, base) ? new URL(relative, base).href : undefined;
  }

  /** `const` and `readonly` names of the whole file; null where a name is declared twice. */
  private get constants(): ReadonlyMap<string, SyntaxNode | null> {
    return (this.declared ??= this.collect());
  }

  private collect(): ReadonlyMap<string, SyntaxNode | null> {
    const constants = new Map<string, SyntaxNode | null>();
    const declare = (name: string, value: SyntaxNode | null): void => {
      constants.set(name, constants.has(name) ? null : value);
    };
    this.source.tree.iterate({
      enter: (ref) => {
        if (ref.name === 'VariableDefinition') {
          const { parent } = ref.node;
          const fixed = parent?.name === 'VariableDeclaration' && !parent.getChild('var');
          const reassigned = !parent?.getChild('const');
          const value = fixed && !reassigned ? valueAfter(ref.node) : null;
          declare(this.source.text.slice(ref.from, ref.to), value);
        } else if (ref.name === 'PropertyDefinition') {
          declare(`.${this.source.text.slice(ref.from, ref.to)}`, valueAfter(ref.node));
        }
      },
    });
    return constants;
  }

  private textOf(node: SyntaxNode): string {
    return this.source.text.slice(node.from, node.to);
  }
}

/** Owners of constants that are looked up by their property's name: `this`, `Paths`, `PATHS.eu`. */
const memberOwner = /^(this|[\w$]+(\.[\w$]+)*)$/;

/** The expression behind `=` or `:`. */
function valueAfter(name: SyntaxNode): SyntaxNode | null {
  for (let at = name.nextSibling; at; at = at.nextSibling) {
    if (at.name === ',' || at.name === ';') return null;
    if (at.name === 'Equals' || at.name === ':') return at.nextSibling;
  }
  return null;
}

function asPath(value: string | undefined): string | undefined {
  if (!value?.startsWith('file:')) return value;
  try {
    return fileURLToPath(value);
  } catch {
    return undefined;
  }
}

function unquote(inner: string): string {
  return inner.replace(/\\(\r?\n|.)/g, (_, what: string) => (what.endsWith('\n') ? '' : what));
}
