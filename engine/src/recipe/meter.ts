/** Measures every model of a run in the same way: structure, latency here and there, and the metric. */

import { dirname } from 'node:path';
import { estimate } from '../device/estimate';
import type { Target } from '../device/profile';
import { workloadOf } from '../device/workload';
import { inspect } from '../inspect/inspect';
import { exampleShapes } from '../inspect/sized-types';
import { isAbort } from '../ir/cancellation';
import type { Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { compressedSize } from '../onnx/compressed-size';
import { passes } from '../passes';
import { structuralFigures } from '../report/figures';
import type { MetricName, ModelFigures } from '../report/report';
import { evaluateAccuracy } from '../runtime/evaluate';
import { evaluateFidelity } from '../runtime/fidelity';
import { measureLatency } from '../runtime/measure';
import { openModel } from '../runtime/open-model';
import type { Runtime, Session } from '../runtime/runtime';
import type { RecipeDatasets } from './data-source';
import { stepOf, type Recipe } from './schema';

export interface Meter {
  /** What `metric` means; null without data. */
  readonly metric: MetricName | null;
  /** What measuring found noteworthy so far. */
  readonly issues: readonly Issue[];
  measure(model: Model): Promise<ModelFigures>;
  close(): Promise<void>;
}

export interface MeterOptions {
  readonly runtime: Runtime;
  readonly original: Model;
  /** Path of the original, which external data is relative to. */
  readonly path: string;
  readonly recipe: Recipe;
  readonly data: RecipeDatasets;
  readonly device: Target | undefined;
  readonly signal: AbortSignal;
}

export async function createMeter(options: MeterOptions): Promise<Meter> {
  const { runtime, original, path, recipe, data, device, signal } = options;
  const sessionOptions = { directory: dirname(path) };
  const dataset = data.validation ?? data.calibration;
  const issues: Issue[] = [];
  const accuracy = recipe.task === 'classification' && dataset?.labelled === true;
  const metric: MetricName | null = !dataset
    ? null
    : accuracy
      ? { id: 'top1', title: 'top-1 accuracy', samples: dataset.samples }
      : { id: 'fidelity', title: 'SQNR to the original', samples: dataset.samples };
  const reference =
    metric?.id === 'fidelity' ? await openModel(runtime, original, sessionOptions) : undefined;

  const gainsCompressed = recipe.steps.some((step) =>
    passes.some(
      ({ id, gainsInCompressedSize }) => gainsInCompressedSize && id === stepOf(step).pass,
    ),
  );

  const valueOf = async (session: Session, model: Model): Promise<number | null> => {
    if (!dataset || !metric) return null;
    if (metric.id === 'top1') {
      const labelOffset = recipe.data?.label_offset;
      const result = await evaluateAccuracy(session, dataset, { signal, labelOffset });
      for (const issue of result.issues) {
        if (!issues.some(({ code }) => code === issue.code)) issues.push(issue);
      }
      return result.top1;
    }
    // The original is like itself without end, which no file can hold as a number.
    if (model === original) return null;
    const { sqnr } = await evaluateFidelity(reference!, session, dataset, { signal });
    return sqnr;
  };

  return {
    metric,
    issues,
    measure: async (model) => {
      const figures = {
        ...structuralFigures(inspect(model, { path })),
        ...(gainsCompressed ? { compressedBytes: compressedSize(model) } : {}),
        ...(device ? estimatedFor(model, device) : {}),
      };
      const latencyMs = await latencyOf(runtime, model, { ...sessionOptions, signal });
      const session = await openModel(runtime, model, sessionOptions);
      try {
        return { ...figures, latencyMs, metric: await valueOf(session, model) };
      } finally {
        await session.close();
      }
    },
    close: async () => reference?.close(),
  };
}

/** A bound is no estimate. */
function estimatedFor(model: Model, device: Target): Pick<ModelFigures, 'estimatedMs'> {
  const { kind, ms } = estimate(workloadOf(model), device);
  return kind === 'estimate' ? { estimatedMs: ms } : {};
}

/** Median on one thread; null where random inputs do not fit the model. */
async function latencyOf(
  runtime: Runtime,
  model: Model,
  options: { directory: string; signal: AbortSignal },
): Promise<number | null> {
  try {
    const shapes = exampleShapes(model);
    return (await measureLatency(runtime, model, { ...options, shapes, threads: 1 })).medianMs;
  } catch (error) {
    if (isAbort(error)) throw error;
    return null;
  }
}
