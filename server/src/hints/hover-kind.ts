/** A kind of hover: what is said, in Markdown, of the place under the pointer. */

import type { Span } from '../documents/line-index';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';

export interface HoverText extends Span {
  readonly markdown: string;
}

export interface HoverKind {
  hoverAt(document: SourceDocument, offset: number, workspace: Workspace): HoverText | undefined;
}
