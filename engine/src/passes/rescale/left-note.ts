/** The account of a layer that was left alone. */

import type { PassNote } from '../pass';
import type { RescaledLayer } from './layers';

export function leftNote({ name }: RescaledLayer, reason: string): PassNote {
  return {
    subject: name,
    layers: [name],
    counts: 'bits',
    before: 0,
    after: 0,
    reason: `Left: ${reason}.`,
  };
}
