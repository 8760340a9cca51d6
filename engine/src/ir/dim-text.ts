/** Reads the text of a symbolic dimension: sums of products of integers, symbols and functions. */

import * as polynomial from './polynomial';
import type { Polynomial } from './polynomial';

const token = /\s*(?:(\d+)|([A-Za-z_][\w.:]*)|'((?:[^']|'')*)'|([-+*/(),]))/y;
const maxText = 2_000;
const maxDepth = 64;
const maxRemembered = 20_000;

const remembered = new Map<string, Polynomial | undefined>();

/** The polynomial that the text spells; undefined when it spells none. */
export function parseDim(text: string): Polynomial | undefined {
  if (remembered.has(text)) return remembered.get(text);
  const parsed = new Parser(text).whole();
  if (remembered.size >= maxRemembered) remembered.clear();
  remembered.set(text, parsed);
  return parsed;
}

type Token = { readonly kind: 'number' | 'name' | 'quoted' | 'sign'; readonly text: string };

class Parser {
  private readonly tokens: readonly Token[] | undefined;
  private next = 0;
  private depth = 0;

  constructor(text: string) {
    this.tokens = text.length <= maxText ? tokenize(text) : undefined;
  }

  whole(): Polynomial | undefined {
    if (!this.tokens || this.tokens.length === 0) return undefined;
    try {
      const result = this.sum();
      return this.next === this.tokens.length ? result : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private sum(): Polynomial {
    if (++this.depth > maxDepth) throw new SyntaxError();
    let result = this.accept('-') ? polynomial.subtract([], this.product()) : this.product();
    for (;;) {
      if (this.accept('+')) result = polynomial.add(result, this.product());
      else if (this.accept('-')) result = polynomial.subtract(result, this.product());
      else break;
    }
    this.depth--;
    return result;
  }

  private product(): Polynomial {
    let result = this.factor();
    while (this.accept('*')) result = polynomial.multiply(result, this.factor());
    return result;
  }

  private factor(): Polynomial {
    if (this.accept('(')) {
      const inner = this.sum();
      this.expect(')');
      return inner;
    }
    const found = this.tokens?.[this.next++];
    if (found?.kind === 'number') return polynomial.constant(Number(found.text));
    if (found?.kind === 'quoted') return polynomial.symbol(found.text.replaceAll("''", "'"));
    if (found?.kind !== 'name') throw new SyntaxError();
    return this.accept('(') ? this.call(found.text) : polynomial.symbol(found.text);
  }

  private call(name: string): Polynomial {
    const first = this.sum();
    if (name === 'floor') {
      this.expect('/');
      const divisor = this.factor();
      this.expect(')');
      return polynomial.floorDivide(first, divisor);
    }
    if (name !== 'min' && name !== 'max') throw new SyntaxError();
    let result = first;
    while (this.accept(',')) result = polynomial.extreme(name, result, this.sum());
    this.expect(')');
    return result;
  }

  private accept(sign: string): boolean {
    const found = this.tokens?.[this.next];
    if (found?.kind !== 'sign' || found.text !== sign) return false;
    this.next++;
    return true;
  }

  private expect(sign: string): void {
    if (!this.accept(sign)) throw new SyntaxError();
  }
}

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (!match) return undefined;
    const [, number, name, quoted, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted });
    else tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}
