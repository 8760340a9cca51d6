/** A kind of hint: which setting switches it, and what it says where. */

import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';
import type { Settings } from '#protocol/settings';

export interface Hint {
  /** Where it stands. */
  readonly offset: number;
  readonly text: string;
  /** Markdown; shown when the pointer rests on the hint. */
  readonly tooltip?: string;
}

export interface HintKind {
  readonly id: keyof Settings['inlayHints'];
  hintsOf(document: SourceDocument, workspace: Workspace): readonly Hint[];
}
