/** Batches that fit the machine: the usual size, halved until a step takes no more than its share of memory. */

import { totalmem } from 'node:os';
import type { Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { stepGraph, type StepOptions } from './step-graph';

export const usualBatch = 64;

/**
 * Of all memory, not of what is free at the moment: the same machine is to choose the same batch. The
 * runtime takes up to twice what its values need (1.2 to 1.9 times, measured), and there are others.
 */
const share = 1 / 4;

/** Bytes that the values of a step may take on this machine, or in the container it runs in. */
export function bytesForSteps(): number {
  // Without a limit the system names a number beyond all memory.
  return share * Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

export interface FittedBatch {
  readonly batch: number;
  readonly issues: readonly Issue[];
}

/** @param most samples that a batch may have. */
export function fittedBatch(
  model: Model,
  options: Omit<StepOptions, 'batch'>,
  most: number,
  budget = bytesForSteps(),
): FittedBatch {
  const bytesOf = (batch: number): number => stepGraph(model, { ...options, batch }).bytes;
  const wanted = bytesOf(most);
  let [batch, bytes] = [most, wanted];
  while (bytes > budget && batch > 1) {
    batch = batch >> 1;
    bytes = bytesOf(batch);
  }
  return { batch, issues: batch < most ? [lowered(most, wanted, batch, bytes)] : [] };
}

/** What is said of a batch that was asked for and may be too large; nothing where it fits. */
export function largeBatchIssues(batch: number, bytes: number, budget = bytesForSteps()): Issue[] {
  if (bytes <= budget) return [];
  return [
    {
      severity: 'warning',
      code: 'batch-large',
      message: `The values of a step with ${batch} samples take about ${shown(bytes)}, more than a quarter of the memory: if training is killed, lower the batch or leave it out.`,
    },
  ];
}

function lowered(most: number, wanted: number, batch: number, bytes: number): Issue {
  return {
    severity: 'information',
    code: 'batch-lowered',
    message: `Batches have ${batch} samples: the values of a step take about ${shown(bytes)} then; with ${most} they would take ${shown(wanted)}.`,
  };
}

function shown(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
