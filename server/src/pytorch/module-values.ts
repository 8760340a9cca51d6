/** What the expression behind `self.conv1 =` makes: a layer, a module, a container of them. */

import type { SyntaxNode } from '@lezer/common';
import type { SourceText } from '../languages/language';
import { childrenOf, unquote } from '../languages/python-fold';
import { argumentsOf, isItem } from './call-arguments';
import { layerNumbers } from './layer-arguments';
import { findLayerType } from './layer-types';
import type { ModuleAttribute, ModuleValue } from './module-class';

const deepest = 6;

/** Functions of `torch.nn` and functional wrappers that only pass on what they are given. */
const wrappers =
  /(^|\.)(weight_norm|spectral_norm|parametrizations\.\w+|script|compile|checkpoint_wrapper)$/;

export class ModuleValues {
  private functions: ReadonlyMap<string, SyntaxNode> | undefined;

  constructor(
    private readonly source: SourceText,
    private readonly modules: ReadonlySet<string>,
  ) {}

  /** What an expression may give: more than one thing where it is conditional, nothing for no module. */
  valuesOf(node: SyntaxNode, depth = 0): ModuleValue[] {
    if (depth > deepest) return [];
    switch (node.name) {
      case 'CallExpression':
        return this.call(node, depth);
      case 'ParenthesizedExpression':
        return childrenOf(node).flatMap((child) => this.valuesOf(child, depth + 1));
      case 'ConditionalExpression':
        return [node.firstChild, node.lastChild].flatMap((branch) =>
          branch
            ? this.valuesOf(branch, depth + 1).map((value) => ({ ...value, optional: true }))
            : [],
        );
      default:
        return [];
    }
  }

  /** The items that the arguments of `nn.Sequential` list; null where some cannot be told. */
  itemsOf(list: SyntaxNode | undefined, depth = 0): ModuleAttribute[] | null {
    const given = list ? argumentsOf(list) : [];
    if (given.length === 0) return [];
    const [first] = given;
    if (given.length === 1 && !first.keyword) {
      if (first.value.name === 'ArrayExpression' || first.value.name === 'TupleExpression') {
        return this.listed(childrenOf(first.value).filter(isItem), depth);
      }
      if (first.value.name === 'DictionaryExpression') return this.keyed(first.value, depth);
      if (
        first.value.name === 'CallExpression' &&
        /OrderedDict$/.test(this.calleeOf(first.value))
      ) {
        return this.pairs(first.value, depth);
      }
      if (/Comprehension/.test(first.value.name)) return null;
    }
    if (given.some(({ starred, keyword }) => starred || keyword)) return null;
    return this.listed(
      given.map(({ value }) => value),
      depth,
    );
  }

  private call(node: SyntaxNode, depth: number): ModuleValue[] {
    const [callee, list] = childrenOf(node);
    const name = this.textOf(callee);
    const last = name.slice(name.lastIndexOf('.') + 1);
    const span = { from: node.from, to: node.to };
    if (this.modules.has(name)) return [{ kind: 'module', type: name, ...span }];
    if (/^(Sequential|ModuleList|ModuleDict)$/.test(last)) {
      return [{ kind: 'container', items: this.itemsOf(list, depth + 1), ...span }];
    }
    if (wrappers.test(name)) {
      const [inner] = argumentsOf(list);
      return inner ? this.valuesOf(inner.value, depth + 1) : [];
    }
    const type = findLayerType(last);
    if (type) {
      const channels = type.channels && this.numberOf(list, ...type.channels);
      const numbers = layerNumbers(last, argumentsOf(list), (value) => this.textOf(value));
      return [{ kind: 'layer', type: last, channels, numbers, ...span }];
    }
    const made = this.madeBy(name, depth);
    if (made) return [{ ...made, ...span }];
    const looksLikeModule = /^[A-Z]/.test(last) && !/(^|\.)nn\./.test(name);
    return looksLikeModule ? [{ kind: 'unknown', ...span }] : [];
  }

  /** What a function of the same file gives back, as far as it is one kind of thing. */
  private madeBy(callee: string, depth: number): ModuleValue | undefined {
    const name = callee.replace(/^(self|cls)\./, '');
    this.functions ??= functionsOf(this.source);
    const definition = this.functions.get(name.slice(name.lastIndexOf('.') + 1));
    if (!definition || depth >= deepest) return undefined;
    const [made] = returned(definition).flatMap((node) => this.valuesOf(node, depth + 1));
    // Its items stand elsewhere, and each call of the function makes others.
    if (made?.kind === 'layer') return { ...made, channels: undefined, numbers: undefined };
    return made?.kind === 'container' ? { ...made, items: null } : (made ?? undefined);
  }

  private listed(nodes: readonly SyntaxNode[], depth: number): ModuleAttribute[] {
    return nodes.flatMap((node, position) => this.item(String(position), node, depth));
  }

  private item(name: string, node: SyntaxNode, depth: number): ModuleAttribute[] {
    return this.valuesOf(node, depth + 1).map((value) => ({
      name,
      value,
      optional: value.optional === true,
    }));
  }

  /** `{"conv": nn.Conv2d(…)}` */
  private keyed(node: SyntaxNode, depth: number): ModuleAttribute[] | null {
    const items: ModuleAttribute[] = [];
    for (let at = node.firstChild; at; at = at.nextSibling) {
      if (at.name !== ':') continue;
      const [key, value] = [at.prevSibling, at.nextSibling];
      const name = key && this.stringOf(key);
      if (name === undefined || name === null || !value) return null;
      items.push(...this.item(name, value, depth));
    }
    return items;
  }

  /** `OrderedDict([("conv", nn.Conv2d(…))])` */
  private pairs(call: SyntaxNode, depth: number): ModuleAttribute[] | null {
    const [, list] = childrenOf(call);
    const [first] = argumentsOf(list);
    if (first?.value.name === 'DictionaryExpression') return this.keyed(first.value, depth);
    if (first?.value.name !== 'ArrayExpression') return null;
    const items: ModuleAttribute[] = [];
    for (const pair of childrenOf(first.value).filter(isItem)) {
      const [key, value] = childrenOf(pair).filter(isItem);
      const name = key && this.stringOf(key);
      if (name === undefined || !value) return null;
      items.push(...this.item(name, value, depth));
    }
    return items;
  }

  private numberOf(list: SyntaxNode, position: number, keyword: string): number | undefined {
    const given = argumentsOf(list);
    if (given.some(({ starred }) => starred)) return undefined;
    const found = given.find((each) => each.keyword && this.textOf(each.keyword) === keyword);
    const plain = given[position]?.keyword ? undefined : given[position];
    const value = (found ?? plain)?.value;
    return value?.name === 'Number' ? Number(this.textOf(value)) : undefined;
  }

  private stringOf(node: SyntaxNode): string | undefined {
    return node.name === 'String' ? unquote(this.textOf(node)) : undefined;
  }

  private calleeOf(call: SyntaxNode): string {
    return call.firstChild ? this.textOf(call.firstChild) : '';
  }

  private textOf(node: SyntaxNode): string {
    return this.source.text.slice(node.from, node.to);
  }
}

/** All functions and methods of the file by name; names that occur twice are left out. */
function functionsOf({ tree, text }: SourceText): ReadonlyMap<string, SyntaxNode> {
  const found = new Map<string, SyntaxNode>();
  const twice = new Set<string>();
  tree.iterate({
    enter: (ref) => {
      if (ref.name !== 'FunctionDefinition') return;
      const name = ref.node.getChild('VariableName');
      const key = name ? text.slice(name.from, name.to) : '';
      if (found.has(key)) twice.add(key);
      found.set(key, ref.node);
    },
  });
  for (const name of twice) found.delete(name);
  return found;
}

function returned(definition: SyntaxNode): SyntaxNode[] {
  const values: SyntaxNode[] = [];
  definition
    .getChild('Body')
    ?.cursor()
    .iterate((ref) => {
      if (ref.name === 'FunctionDefinition') return false;
      const value = ref.name === 'ReturnStatement' ? ref.node.lastChild : null;
      if (value) values.push(value);
      return true;
    });
  return values;
}
