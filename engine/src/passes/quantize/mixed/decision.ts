/** What was decided for single layers: options with exceptions, and the reasons. */

import type { Issue } from '../../../ir/issue';
import type { Why } from '#protocol/report';
import type { Blueprint } from '../blueprint';
import type { Survey } from '../draft';
import type { QuantizeOptions } from '../options';

export interface Decision {
  readonly options: QuantizeOptions;
  /** By layer. */
  readonly reasons: ReadonlyMap<string, Reason>;
  readonly issues: readonly Issue[];
}

export interface Reason {
  readonly reason: string;
  readonly why: Why;
}

/** What options lead to, corrections included. */
export interface Built {
  readonly surveyed: Survey;
  readonly blueprint: Blueprint;
}

/** What options place, with what calibration shows. */
export type Look = (options: QuantizeOptions) => Promise<Survey>;

export type Build = (options: QuantizeOptions) => Promise<Built>;
