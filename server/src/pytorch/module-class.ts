/** What the source of PyTorch modules says: classes, their attributes, and which of them are layers. */

import type { LayerNumbers } from '#engine/device/layer-numbers';
import type { Span } from '../documents/line-index';

/** A class that derives from `nn.Module`; the span is its name. */
export interface ModuleClass extends Span {
  readonly name: string;
  readonly attributes: readonly ModuleAttribute[];
}

/** What an attribute of a module, or an item of a container, holds. One name may be assigned twice. */
export interface ModuleAttribute {
  /** `conv1`, or the position or key in a container. */
  readonly name: string;
  readonly value: ModuleValue;
  /** Only assigned in some cases, so that a model may lack it. */
  readonly optional: boolean;
  /** `self.conv1`; an item of a container has none. */
  readonly target?: Span;
}

/** The span is the call that makes the value. */
export type ModuleValue = Span & { readonly optional?: boolean } & (
    | {
        readonly kind: 'layer';
        /** `Conv2d` */
        readonly type: string;
        /** Output channels where the source spells them. */
        readonly channels?: number;
        /** The numbers of the call that the source spells. */
        readonly numbers?: LayerNumbers;
      }
    /** A module of a class of the same file. */
    | { readonly kind: 'module'; readonly type: string }
    /** `nn.Sequential` and its like; items are null where they cannot be told. */
    | { readonly kind: 'container'; readonly items: readonly ModuleAttribute[] | null }
    /** What a call gives that cannot be looked into. */
    | { readonly kind: 'unknown' }
  );
