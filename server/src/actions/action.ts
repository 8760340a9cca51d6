/** A kind of code action: what can be done about the place where the cursor is. */

import type { CommandId } from '#protocol/commands';
import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { TextEdit } from '../recipe/yaml-edit';
import type { Workspace } from '../workspace';

export interface Action {
  readonly title: string;
  /** `quickfix` mends what is wrong; `refactor` changes what is right. */
  readonly kind: 'quickfix' | 'refactor';
  /** The first thing to do there. */
  readonly isPreferred?: boolean;
  /** The place of the finding that it mends. */
  readonly mends?: Span;
  readonly edit?: FileEdit;
  readonly command?: { readonly id: CommandId; readonly args: readonly string[] };
}

/** Edits of one file by places in its present text; none of them overlap. */
export interface FileEdit {
  readonly uri: string;
  readonly text: string;
  readonly edits: readonly TextEdit[];
}

export interface ActionKind {
  actionsAt(document: SourceDocument, span: Span, workspace: Workspace): readonly Action[];
}
