/**
 * What all parts of the text parser share: the current token, the expectations one may have of it,
 * and what happens when they are not met.
 */

import { CoppiceError, type Issue } from '../../ir/issue';
import type { Int, Node } from '../../ir/model';
import { applyPatch, type Json } from './annotation';
import type { MessageKind } from './fields';
import { Lexer, type Annotation } from './lexer';

export interface TextRange {
  /** Character offsets; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface TextPositions {
  /** Every node that was read, inner graphs and functions included, in text order of their ends. */
  readonly nodes: { readonly node: Node; readonly start: number; readonly end: number }[];
  /** Where a value gets its name: a graph input, an initializer, a node's output. First one wins. */
  readonly definitions: Map<string, TextRange>;
}

/** A place where the text is not what the syntax wants; caught where parsing can go on. */
export class SyntaxProblem extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** Thrown when so much is wrong that more issues would help nobody. */
export class TooManyProblems extends Error {}

const maxIssues = 100;

/** More than 64 bits need; longer ones would take BigInt a long time. */
export const maxDigits = 40;

/** Nesting of graphs and types beyond what any real model has; the call stack is safe with it. */
const maxDepth = 64;

export class Parser {
  readonly lexer: Lexer;
  readonly issues: Issue[] = [];
  readonly positions: TextPositions = { nodes: [], definitions: new Map() };
  /** Offsets of tensors whose elements were left out when the text was printed. */
  readonly elided: number[] = [];
  private depth = 0;

  constructor(readonly text: string) {
    this.lexer = new Lexer(text);
  }

  fail(wanted: string): never {
    const { kind, problem, start } = this.lexer;
    if (kind === 'bad') throw new SyntaxProblem(problem, start);
    throw new SyntaxProblem(`expected ${wanted} but found ${this.found()}`, start);
  }

  is(mark: string): boolean {
    return this.lexer.kind === 'mark' && this.lexer.mark === mark;
  }

  matches(mark: string): boolean {
    if (!this.is(mark)) return false;
    this.lexer.advance();
    return true;
  }

  expect(mark: string): void {
    if (!this.matches(mark)) this.fail(`"${mark}"`);
  }

  identifier(what: string): string {
    if (this.lexer.kind !== 'identifier') this.fail(what);
    return this.take();
  }

  get atName(): boolean {
    return this.lexer.kind === 'identifier' || this.lexer.kind === 'string';
  }

  /** An identifier or a quoted string. */
  name(what: string): string {
    return this.lexer.kind === 'string' ? this.string(what) : this.identifier(what);
  }

  string(what: string): string {
    if (this.lexer.kind !== 'string') this.fail(what);
    const value = this.lexer.string;
    this.lexer.advance();
    return value;
  }

  int(what: string): Int {
    if (this.lexer.kind !== 'int') this.fail(what);
    const { start, end, source } = this.lexer;
    const value = end - start > maxDigits ? undefined : BigInt(source);
    if (value === undefined || BigInt.asIntN(64, value) !== value) {
      throw new SyntaxProblem('this number does not fit into 64 bits', start);
    }
    this.lexer.advance();
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** The characters of the current token; moves on. */
  take(): string {
    const { source } = this.lexer;
    this.lexer.advance();
    return source;
  }

  /** Items separated by commas up to `close`, which is consumed; a broken item costs only itself. */
  items(close: string, item: () => void): void {
    const ended = () => this.is(',') || this.is(close);
    const wholeItem = () => {
      item();
      if (!ended()) this.fail(`"," or "${close}"`);
    };
    while (!this.matches(close)) {
      this.recovering(wholeItem, ended);
      if (this.matches(',')) continue;
      this.expect(close);
      return;
    }
  }

  /**
   * Runs `parse`; when it fails, says so, skips to where `stop` holds outside brackets, and returns
   * false.
   */
  recovering(parse: () => void, stop: () => boolean): boolean {
    try {
      parse();
      return true;
    } catch (problem) {
      this.report(problem);
      this.skip(stop);
      return false;
    }
  }

  /** Runs `parse` one level deeper; refuses text nested beyond reason. */
  nested<T>(parse: () => T): T {
    if (this.depth >= maxDepth) {
      throw new SyntaxProblem(`nested more than ${maxDepth} levels deep`, this.lexer.start);
    }
    this.depth++;
    try {
      return parse();
    } finally {
      this.depth--;
    }
  }

  report(problem: unknown): void {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    this.issue('error', 'text-syntax', problem.message, problem.offset);
  }

  issue(severity: Issue['severity'], code: string, text: string, offset: number): void {
    const message = `${place(this.text, offset)}: ${text}.`;
    // The end of the text breaks off every bracket that is still open: once is enough.
    if (this.issues.at(-1)?.message === message) return;
    this.issues.push({ severity, code, message, offset });
    if (this.issues.length >= maxIssues) throw new TooManyProblems();
  }

  define(name: string, start: number, end: number): void {
    const { definitions } = this.positions;
    if (name !== '' && !definitions.has(name)) definitions.set(name, { start, end });
  }

  /** Applies annotations that were taken where `message` starts. */
  annotate(kind: MessageKind, message: object, annotations: readonly Annotation[]): void {
    for (const { json, offset } of annotations) {
      try {
        applyPatch(kind, message, JSON.parse(json) as Json);
      } catch (problem) {
        if (!(problem instanceof CoppiceError || problem instanceof SyntaxError)) throw problem;
        this.issue('error', 'text-annotation', `bad annotation: ${problem.message}`, offset);
      }
    }
  }

  /** Passes tokens until `stop` holds at this level, a bracket around it closes, or the text ends. */
  private skip(stop: () => boolean): void {
    const { lexer } = this;
    for (let level = 0; lexer.kind !== 'end'; lexer.advance()) {
      if (level === 0 && stop()) return;
      if (lexer.kind !== 'mark') continue;
      if (openers.has(lexer.mark)) level++;
      else if (closers.has(lexer.mark)) level--;
      if (level < 0) return;
    }
  }

  private found(): string {
    if (this.lexer.kind === 'end') return 'the end of the text';
    const source = this.text.slice(
      this.lexer.start,
      Math.min(this.lexer.end, this.lexer.start + 40),
    );
    return this.lexer.kind === 'string' ? source : `"${source}"`;
  }
}

const openers = new Set(['(', '[', '{', '<']);
const closers = new Set([')', ']', '}', '>']);

function place(text: string, offset: number): string {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return `Line ${line}, column ${offset - lineStart + 1}`;
}
