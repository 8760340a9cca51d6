/** Depthwise separable replacement: network decoupling with one term, 1/N + 1/k² of the work. */

import type { Method } from '../method';
import { decouple } from './decouple';

export const separable: Method = {
  ...decouple,
  id: 'separable',
  title: 'Depthwise separable',
  doc: 'One depthwise and one 1×1 layer, which is network decoupling with a single term: little work, a large error, and a start for fine-tuning.',
  fullRanks: () => [1],
};
