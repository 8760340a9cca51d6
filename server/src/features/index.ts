/** All features. One more is one more file and one more line. */

import { codeAction } from './code-action';
import { codeLens } from './code-lens';
import { completion } from './completion';
import { devices } from './devices';
import { diagnostics } from './diagnostics';
import type { Feature } from './feature';
import { hover } from './hover';
import { inlayHints } from './inlay-hints';
import { linkRequests } from './link-request';
import { modelRequests } from './model-requests';
import { runs } from './runs';

export const features: readonly Feature[] = [
  inlayHints,
  hover,
  codeAction,
  codeLens,
  completion,
  diagnostics,
  modelRequests,
  devices,
  linkRequests,
  runs,
];
