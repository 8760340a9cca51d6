/** A check: what of an open text deserves a squiggle, and how grave it is. */

import type { SeveritySetting } from '#protocol/settings';
import type { Range, Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';

export interface Finding extends Span {
  readonly severity: SeveritySetting;
  readonly code: string;
  readonly message: string;
  /** Other places that have to do with it. */
  readonly related?: readonly {
    readonly uri: string;
    readonly range: Range;
    readonly message: string;
  }[];
}

export interface Check {
  findingsOf(document: SourceDocument, workspace: Workspace): readonly Finding[];
}
