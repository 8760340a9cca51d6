/** What a source language contributes: where its texts name models, and where they make layers. */

import type { Parser, Tree } from '@lezer/common';
import type { Span } from '../documents/line-index';
import type { ModuleClass } from '../pytorch/module-class';

export interface SourceText {
  /** Absolute path of the file. */
  readonly path: string;
  readonly text: string;
  /** Parsed when first asked for; only languages with a parser have one. */
  readonly tree: Tree;
}

/**
 * What a text does with the model it names: loads it, writes it, or says its path where a model that
 * is read must be meant (`path`) or may be meant (`mention`).
 */
export type ReferenceRole = 'load' | 'path' | 'mention' | 'write';

/** A string literal that names a model. */
export interface ModelReference extends Span {
  /** What the literal may stand for, folded: relative or absolute paths, likeliest first. */
  readonly paths: readonly string[];
  readonly role: ReferenceRole;
}

export interface SourceLanguage {
  readonly id: string;
  /** The editor's ids of this language. */
  readonly languageIds: readonly string[];
  readonly parser?: Parser;
  findReferences(source: SourceText): ModelReference[];
  findModules?(source: SourceText): ModuleClass[];
}
