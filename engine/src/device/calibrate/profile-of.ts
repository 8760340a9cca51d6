/** From measured probes to a profile, with its error on probes that were held out. */

import type { Model } from '../../ir/model';
import { nonNegativeLeastSquares } from '../../linalg/nnls';
import { linearMs, linearSumMs } from '../cost/linear';
import type { HostDescription } from '../host/host';
import type { Kernel } from '../kernel';
import { ortCpu } from '../lowering/ort-cpu/index';
import type { LinearCost, Profile } from '../profile';
import { workloadOf } from '../workload';
import { fitClasses, medianOf, significant, type Sample } from './fit';
import type { Measurement } from './measure';
import { pairKernels } from './pair';

export interface MeasuredProbe {
  readonly model: Model;
  readonly measured: Measurement;
}

/** A probe with the kernels that lowering foresees for it. */
interface Lowered {
  readonly kernels: readonly Kernel[];
  readonly samples: readonly Sample[];
  readonly ms: number;
}

/** Parts that the probes are dealt into: each is predicted by a profile of the others. */
const folds = 5;

export function profileOf(
  probes: readonly MeasuredProbe[],
  threads: number,
  machine: HostDescription,
): Profile {
  const block = blockOf(machine.instructions);
  const lowered = probes.map((probe) => lower(probe, block));
  const cost = fitCost(lowered);
  const ratios = lowered.map(({ kernels, ms }, i) => {
    const others = lowered.filter((_, j) => j % folds !== i % folds);
    return ms / linearSumMs(kernels, fitCost(others));
  });
  const logs = ratios.map(Math.log).sort((a, b) => a - b);
  return {
    runtime: {
      name: 'onnxruntime',
      version: machine.runtime.version,
      provider: 'cpu',
      threads,
      precision: 'mixed',
    },
    origin: 'calibrated',
    lowering: { rules: ortCpu.id, block, align: block > 1 ? 4 : 1 },
    cost,
    interval: {
      q10: significant(quantile(logs, 0.1)),
      q90: significant(quantile(logs, 0.9)),
      n: probes.length,
      basis: 'held-out probes',
    },
    error: errorOf(ratios),
    source: {
      text: `Measured on ${machine.processor} with ONNX Runtime ${machine.runtime.version}.`,
      licence: 'own measurement',
      date: new Date().toISOString().slice(0, 10),
    },
  };
}

/** Channels of the blocked layout: one vector of floats; 1 on processors that have none. */
export function blockOf(instructions: readonly string[]): number {
  if (instructions.includes('avx512f')) return 16;
  return instructions.includes('avx') ? 8 : 1;
}

function lower({ model, measured }: MeasuredProbe, block: number): Lowered {
  const workload = workloadOf(model);
  const kernels = workload.kernels({ rules: ortCpu.id, block });
  const { pairs } = pairKernels(workload.graph, kernels, measured.kernels);
  return { kernels, samples: pairs.map(([kernel, { us }]) => ({ kernel, us })), ms: measured.ms };
}

/** The classes first; then what a run takes beyond the sum of its kernels. */
function fitCost(probes: readonly Lowered[]): LinearCost {
  const classes = fitClasses(probes.flatMap(({ samples }) => samples));
  const bare: LinearCost = { form: 'linear', classes, perNode: 0, perRun: 0, scale: 1 };
  const sums = probes.map(({ kernels }) =>
    kernels.reduce((sum, kernel) => sum + linearMs(kernel, bare).ms, 0),
  );
  const rows = probes.map(({ kernels, ms }, i) =>
    [sums[i], kernels.length / 1000, 1 / 1000].map((each) => each / ms),
  );
  const ones = new Float64Array(probes.length).fill(1);
  const [scale, perNode, perRun] = nonNegativeLeastSquares(Float64Array.from(rows.flat()), ones, 3);
  return {
    ...bare,
    perNode: significant(scale > 0 ? perNode / scale : 0),
    perRun: significant(perRun),
    scale: significant(scale || 1),
  };
}

function errorOf(ratios: readonly number[]): Profile['error'] {
  const errors = ratios.map((ratio) => Math.abs(1 / ratio - 1)).sort((a, b) => a - b);
  const share = (limit: number) => errors.filter((each) => each <= limit).length / errors.length;
  return {
    median: significant(medianOf(errors)),
    p90: significant(quantile(errors, 0.9)),
    within10: significant(share(0.1)),
    within20: significant(share(0.2)),
    rank: 1,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}
