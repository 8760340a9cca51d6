/**
 * Tokens of the ONNX text syntax, one at a time and without allocating: the lexer's own fields are
 * the current token. Annotations (`#: …` comments) are handed to the token that follows them.
 */

export type TokenKind = 'identifier' | 'string' | 'int' | 'float' | 'mark' | 'bad' | 'end';

/** A structured comment: its JSON text and where that starts. */
export interface Annotation {
  readonly json: string;
  readonly offset: number;
}

const newline = 10;
const quoteMark = 34;
const backslash = 92;

export class Lexer {
  kind: TokenKind = 'end';
  start = 0;
  end = 0;
  /** End of the token before this one. */
  previousEnd = 0;
  /** The character of a mark; `=>` is a mark of its own. */
  mark = '';
  /** Annotations between the previous token and this one. */
  annotations: readonly Annotation[] = [];
  /** Offsets of annotations whose token was passed without anybody taking them. */
  readonly stray: number[] = [];
  /** What is wrong with a token of kind `bad`. */
  problem = '';
  /** True when this token is the first on its line. */
  startsLine = true;

  constructor(readonly text: string) {
    // A byte order mark, which editors may leave at the start, is no part of the syntax.
    if (text.charCodeAt(0) === 0xfeff) this.end = 1;
    this.advance();
  }

  /** The characters of the token as they stand. */
  get source(): string {
    return this.text.slice(this.start, this.end);
  }

  /** The text between the quotes of a string token, escapes resolved. */
  get string(): string {
    const inner = this.text.slice(this.start + 1, this.end - 1);
    return inner.includes('\\') ? inner.replace(/\\([^])/g, '$1') : inner;
  }

  /** The annotations of this token, which from now on count as used. */
  takeAnnotations(): readonly Annotation[] {
    const taken = this.annotations;
    this.annotations = none;
    return taken;
  }

  /** Moves to the next token. What is no token becomes one of kind `bad`. */
  advance(): void {
    for (const each of this.annotations) this.stray.push(each.offset);
    this.previousEnd = this.end;
    this.moveTo(this.end);
    const code = this.text.charCodeAt(this.start);
    if (this.start >= this.text.length) {
      this.kind = 'end';
      this.end = this.start;
    } else if (isLetter(code)) this.finish('identifier', this.wordEnd(this.start + 1));
    else if (isDigit(code)) this.number(this.start);
    else if (code === quoteMark) this.quoted();
    else if (code === 45) this.negative();
    else this.single(code);
  }

  /** Continues after characters that the caller has read itself, up to `offset`. */
  resume(offset: number): void {
    this.end = offset;
    this.advance();
  }

  /** The offset of the next character that is neither space nor comment. Annotations are skipped. */
  skipTrivia(from: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) at++;
      else if (code === 35) at = this.lineEnd(at);
      else return at;
    }
  }

  private moveTo(from: number): void {
    const { text } = this;
    let at = from;
    this.annotations = none;
    this.startsLine = from === 0;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === newline) this.startsLine = true;
      if (isSpace(code)) {
        at++;
      } else if (code === 35) {
        const end = this.lineEnd(at);
        if (text.charCodeAt(at + 1) === 58) {
          const found = { json: text.slice(at + 2, end), offset: at + 2 };
          if (this.annotations === none) this.annotations = [found];
          else (this.annotations as Annotation[]).push(found);
        }
        at = end;
      } else break;
    }
    this.start = Math.min(at, text.length);
  }

  private lineEnd(from: number): number {
    const end = this.text.indexOf('\n', from);
    return end < 0 ? this.text.length : end;
  }

  private finish(kind: TokenKind, end: number): void {
    this.kind = kind;
    this.end = end;
  }

  private wordEnd(from: number): number {
    let at = from;
    for (;;) {
      const code = this.text.charCodeAt(at);
      if (!isLetter(code) && !isDigit(code)) return at;
      at++;
    }
  }

  /** Digits with at most one point, then perhaps an exponent; `digits` is where the digits start. */
  private number(digits: number): void {
    const scanned = scanNumber(this.text, digits);
    this.finish(scanned.whole ? 'int' : 'float', scanned.end);
  }

  private negative(): void {
    const code = this.text.charCodeAt(this.start + 1);
    if (isDigit(code)) return this.number(this.start + 1);
    const end = this.wordEnd(this.start + 1);
    if (/^-(inf|infinity|nan)$/i.test(this.text.slice(this.start, end))) {
      return this.finish('float', end);
    }
    this.bad(this.start + 1, 'a minus sign must be followed by a number');
  }

  private quoted(): void {
    const { text } = this;
    let at = this.start + 1;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quoteMark) return this.finish('string', at + 1);
      if (at >= text.length) break;
      at += code === backslash ? 2 : 1;
    }
    this.bad(text.length, 'this string has no closing quote');
  }

  private single(code: number): void {
    const arrow = code === 61 && this.text.charCodeAt(this.start + 1) === 62;
    this.mark = arrow ? '=>' : this.text[this.start];
    this.finish('mark', this.start + this.mark.length);
    if (!marks.has(this.mark)) this.bad(this.end, `${JSON.stringify(this.mark)} is not expected`);
  }

  private bad(end: number, problem: string): void {
    this.finish('bad', end);
    this.problem = problem;
  }
}

/** Where a number ends and whether it is whole, from its first digit on. */
export function scanNumber(text: string, from: number): { end: number; whole: boolean } {
  let at = from;
  let whole = true;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 46 && whole) whole = false;
    else if (!isDigit(code)) break;
    at++;
  }
  const exponent = text.charCodeAt(at) | 32;
  if (exponent === 101) {
    whole = false;
    at++;
    const sign = text.charCodeAt(at);
    if (sign === 43 || sign === 45) at++;
    while (isDigit(text.charCodeAt(at))) at++;
  }
  return { end: at, whole };
}

const none: readonly Annotation[] = [];
const marks = new Set(['=>', ...'<>()[]{}=:,.@?']);

/** Space, tab, newline, vertical tab, form feed, carriage return. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** ASCII letters and the underscore. */
export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}
