/** From measured probes to a profile, with its error on probes that were held out. */

import type { Model } from '../../ir/model';
import { linearSumMs } from '../cost/linear';
import type { HostDescription } from '../host/host';
import { rankCorrelation } from '../../linalg/rank-correlation';
import type { Kernel } from '../kernel';
import { ortCpu } from '../lowering/ort-cpu/index';
import type { LinearCost, Profile } from '../profile';
import { quantile } from '../../runtime/measure';
import { workloadOf } from '../workload';
import { fitClasses, medianOf, robustFit, significant, type Sample } from './fit';
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
  readonly run: Run;
}

/** Microseconds of a run, and what its kernels were recorded to take. */
interface Run {
  readonly us: number;
  readonly recorded: number;
  readonly kernels: number;
  readonly integerKernels: number;
  /** Inputs and outputs of the model beyond one of each. */
  readonly furtherValues: number;
}

/** Parts that the probes are dealt into: each is predicted by a profile of the others. */
const folds = 5;

export function profileOf(
  probes: readonly MeasuredProbe[],
  threads: number,
  machine: HostDescription,
): Profile {
  const block = blockOf(machine.instructions);
  const usual = medianOf(probes.map(({ measured }) => measured.referenceMs));
  const lowered = probes.map((probe) => lower(probe, block, usual));
  const { cost } = fitCost(lowered);
  const others = Array.from({ length: folds }, (_, fold) =>
    fitCost(lowered.filter((__, i) => i % folds !== fold)),
  );
  const ratios = lowered.map(({ kernels, run }, i) => {
    const { cost: ofOthers, perValue } = others[i % folds];
    return run.us / (1000 * linearSumMs(kernels, ofOthers) + perValue * run.furtherValues);
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
    error: errorOf(
      ratios,
      lowered.map(({ run }) => run.us),
    ),
    referenceMs: significant(usual),
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

/** @param usual what the reference takes in most cases: times are brought to that speed. */
function lower({ model, measured }: MeasuredProbe, block: number, usual: number): Lowered {
  const speed = usual / measured.referenceMs;
  const workload = workloadOf(model);
  const kernels = workload.kernels({ rules: ortCpu.id, block });
  const { pairs } = pairKernels(workload.graph, kernels, measured.kernels);
  const recorded = measured.kernels.reduce((sum, { us }) => sum + us, 0);
  return {
    kernels,
    samples: pairs.map(([kernel, { us }]) => ({ kernel, us: us * speed })),
    run: {
      us: 1000 * measured.ms * speed,
      recorded: recorded * speed,
      kernels: measured.kernels.length,
      integerKernels: measured.kernels.filter(({ op }) => readsScales(op)).length,
      furtherValues: workload.graph.input.length + workload.graph.output.length - 2,
    },
  };
}

/** Recording writes down what a kernel reads, and these read scales and zero points, too. */
function readsScales(op: string): boolean {
  return /^Q|QuantizeLinear|DequantizeLinear/.test(op);
}

/**
 * First what recording adds to each kernel, and what a run takes beside its kernels, from whole runs
 * that were recorded and not; then the classes, on times from which the former is taken off.
 */
function fitCost(probes: readonly Lowered[]): { cost: LinearCost; perValue: number } {
  const { scale, perRecord, perScales, perRun, perValue } = fitRuns(probes.map(({ run }) => run));
  const samples = probes.flatMap((probe) => probe.samples);
  const classes = fitClasses(
    samples.map(({ kernel, us }) => {
      const recording = perRecord + (readsScales(kernel.op) ? perScales : 0);
      return { kernel, us: Math.max(leastUs, us - recording) };
    }),
  );
  const cost: LinearCost = {
    form: 'linear',
    classes,
    perNode: 0,
    perRun: significant(perRun),
    scale: significant(scale),
  };
  return { cost, perValue };
}

/** No kernel takes less, whatever the clock of the recording says. */
const leastUs = 0.2;

/**
 * us = scale · (Σ recorded − perRecord · kernels − perScales · integer kernels) + perRun + perValue ·
 * what is handed over beyond one input and one output; on relative errors, large ones dampened.
 */
function fitRuns(runs: readonly Run[]) {
  const rows = runs.map(({ us, recorded, kernels, integerKernels, furtherValues }) => ({
    us,
    row: [recorded, -kernels, -integerKernels, 1, furtherValues],
  }));
  const [scale, perRecord, perScales, perRun, perValue] = robustFit(rows, 0.05);
  const inKernels = (us: number) => (scale > 0 ? us / scale : 0);
  return {
    scale: scale || 1,
    perRecord: inKernels(perRecord),
    perScales: inKernels(perScales),
    perRun,
    perValue,
  };
}

function errorOf(ratios: readonly number[], measured: readonly number[]): Profile['error'] {
  const errors = ratios.map((ratio) => Math.abs(1 / ratio - 1)).sort((a, b) => a - b);
  const share = (limit: number) => errors.filter((each) => each <= limit).length / errors.length;
  return {
    median: significant(medianOf(errors)),
    p90: significant(quantile(errors, 0.9)),
    within10: significant(share(0.1)),
    within20: significant(share(0.2)),
    rank: significant(
      rankCorrelation(
        measured,
        measured.map((ms, i) => ms / ratios[i]),
      ),
    ),
  };
}
