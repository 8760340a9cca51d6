/**
 * An open file with what is known of its text. Its tree is parsed anew only where the text changed,
 * and everything derived from it is computed once for each version, when first asked for.
 */

import { TreeFragment, type Tree } from '@lezer/common';
import { findLanguage } from '../languages';
import type { ModelReference, SourceLanguage, SourceText } from '../languages/language';
import type { ModuleClass } from '../pytorch/module-class';
import { LineIndex, type Range } from './line-index';

/** A change as LSP sends it; without a range it replaces the whole text. */
export interface TextChange {
  readonly range?: Range;
  readonly text: string;
}

/** Longer texts are data rather than source, and get no hints. */
const longestText = 4_000_000;

export class SourceDocument {
  readonly path: string;
  readonly language: SourceLanguage | undefined;
  private fragments: readonly TreeFragment[] = [];
  private analysis: Analysis;

  constructor(
    readonly uri: string,
    path: string,
    readonly languageId: string,
    public version: number,
    public text: string,
  ) {
    this.path = path;
    this.language = findLanguage(languageId);
    this.analysis = {};
  }

  update(changes: readonly TextChange[], version: number): void {
    for (const change of changes) this.apply(change);
    this.version = version;
  }

  get lines(): LineIndex {
    return (this.analysis.lines ??= new LineIndex(this.text));
  }

  get references(): readonly ModelReference[] {
    const { language } = this;
    return (this.analysis.references ??=
      language && this.mentionsModel() ? language.findReferences(this.source) : []);
  }

  get modules(): readonly ModuleClass[] {
    return (this.analysis.modules ??= this.isSource()
      ? (this.language?.findModules?.(this.source) ?? [])
      : []);
  }

  /** Something computed once for each version of the text. */
  once<T>(key: symbol, compute: () => T): T {
    const kept = (this.analysis.kept ??= new Map<symbol, unknown>());
    if (!kept.has(key)) kept.set(key, compute());
    return kept.get(key) as T;
  }

  private get source(): SourceText {
    const treeOf = (): Tree => this.tree;
    return {
      path: this.path,
      text: this.text,
      get tree() {
        return treeOf();
      },
    };
  }

  private get tree(): Tree {
    const { parser } = this.language!;
    if (!parser) throw new Error(`${this.languageId} has no parser.`);
    if (!this.analysis.tree) {
      this.analysis.tree = parser.parse(this.text, this.fragments);
      this.fragments = TreeFragment.addTree(this.analysis.tree, this.fragments);
    }
    return this.analysis.tree;
  }

  private apply({ range, text }: TextChange): void {
    if (!range) {
      this.text = text;
      this.fragments = [];
    } else {
      const from = this.lines.offsetAt(range.start);
      const to = Math.max(from, this.lines.offsetAt(range.end));
      this.text = this.text.slice(0, from) + text + this.text.slice(to);
      const change = { fromA: from, toA: to, fromB: from, toB: from + text.length };
      this.fragments = TreeFragment.applyChanges(this.fragments, [change]);
    }
    this.analysis = {};
  }

  private isSource(): boolean {
    return this.text.length <= longestText;
  }

  private mentionsModel(): boolean {
    return this.isSource() && this.text.toLowerCase().includes('.onnx');
  }
}

interface Analysis {
  lines?: LineIndex;
  tree?: Tree;
  references?: readonly ModelReference[];
  modules?: readonly ModuleClass[];
  kept?: Map<symbol, unknown>;
}
