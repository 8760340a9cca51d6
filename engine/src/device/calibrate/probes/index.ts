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
import {
  integerBlocks,
  integerConvolutions,
  integerProducts,
  integerTiny,
  integerWhole,
} from './integers';
import { Network } from './network';
import { dense, elementwise, resizing, tiny, transformer } from './others';
import type { Probe } from './probe';
import {
  enlarging,
  fire,
  gatedWhole,
  joined,
  mobile,
  pyramid,
  residualWhole,
  separableWhole,
} from './whole';

/** Blocks of networks, which cover kernels one by one. */
export const blockProbes: readonly Probe[] = [
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
  tiny,
  integerTiny,
];

/** Networks of the size that people ship. */
export const wholeProbes: readonly Probe[] = [
  mobile,
  residualWhole,
  separableWhole,
  fire,
  joined,
  residualWhole,
  mobile,
  pyramid,
  gatedWhole,
  enlarging,
  integerWhole,
];

/** The i-th probe of a seed: the same network every time. */
export function drawProbe(seed: number, i: number): { name: string; model: Model } {
  return draw(seed, i, blockProbes);
}

/** The i-th of the large ones. */
export function drawWholeProbe(seed: number, i: number): { name: string; model: Model } {
  return draw(seed, i, wholeProbes);
}

function draw(seed: number, i: number, families: readonly Probe[]) {
  const probe = families[i % families.length];
  const network = new Network(seededRandom(1_000_003 * seed + i));
  return { name: `${probe.id}-${i}`, model: network.model(probe.build(network)) };
}
