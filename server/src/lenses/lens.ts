/** A kind of code lens: which commands are offered above which lines. */

import type { CommandId } from '#protocol/commands';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';

export interface Lens {
  readonly offset: number;
  readonly title: string;
  readonly command: CommandId;
  readonly args: readonly string[];
}

export interface LensKind {
  lensesOf(document: SourceDocument, workspace: Workspace): readonly Lens[];
}
