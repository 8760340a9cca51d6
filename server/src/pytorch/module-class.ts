/** What the source of a PyTorch module says: its classes, their attributes, and which of them are layers. */

import type { Span } from '../documents/line-index';

/** A class that derives from `nn.Module`. */
export interface ModuleClass extends Span {
  readonly name: string;
  readonly attributes: readonly ModuleAttribute[];
}

/** What an attribute of a module, or an item of a container, holds. */
export interface ModuleAttribute {
  /** `conv1`, or the position in a container. */
  readonly name: string;
  readonly value: ModuleValue;
}

export type ModuleValue =
  /** A layer of `torch.nn`: `nn.Conv2d(…)`. The span is the call. */
  | ({ readonly kind: 'layer'; readonly type: string } & Span)
  /** A module of a class of this file. */
  | ({ readonly kind: 'module'; readonly type: string } & Span)
  /** `nn.Sequential` and its like, with what is known of the items; null where they are not. */
  | ({ readonly kind: 'container'; readonly items: readonly ModuleAttribute[] | null } & Span)
  /** Something that cannot be told without running it. */
  | ({ readonly kind: 'unknown' } & Span);
