/** All families of probes, drawn in turn. */

import { seededRandom } from '../../../linalg/random';
import type { Model } from '../../../ir/model';
import {
  bottleneck,
  branches,
  grouped,
  inverted,
  plain,
  residual,
  separable,
} from './convolutions';
import { integerBlocks, integerConvolutions, integerProducts } from './integers';
import { Network } from './network';
import { dense, elementwise, resizing, transformer } from './others';
import type { Probe } from './probe';

export const allProbes: readonly Probe[] = [
  residual,
  inverted,
  plain,
  elementwise,
  bottleneck,
  transformer,
  separable,
  branches,
  dense,
  grouped,
  resizing,
  integerConvolutions,
  integerBlocks,
  integerProducts,
];

/** The i-th probe of a seed: the same network every time. */
export function drawProbe(seed: number, i: number): { name: string; model: Model } {
  const probe = allProbes[i % allProbes.length];
  const network = new Network(seededRandom(1_000_003 * seed + i));
  return { name: `${probe.id}-${i}`, model: network.model(probe.build(network)) };
}
