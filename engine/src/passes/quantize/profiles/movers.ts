/** Operators that only move values about, which every runtime does on codes as well as on floats. */

import type { Treatment } from './profile';

export const movers: Readonly<Record<string, Treatment>> = {
  Reshape: 'passes',
  Flatten: 'passes',
  Transpose: 'passes',
  Squeeze: 'passes',
  Unsqueeze: 'passes',
  Slice: 'passes',
  Split: 'passes',
  Gather: 'passes',
  Expand: 'passes',
  Tile: 'passes',
  MaxPool: 'passes',
  Resize: 'passes',
  Pad: 'passes',
};
