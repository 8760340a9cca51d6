/** What is known of a model once it was read: its inspection, and what is wrong with it. */

import { basename } from 'node:path';
import type { Inspection, InspectionIssue } from '#protocol/inspection';
import { bytesOnDisk } from '#engine/budget/facts';
import { inspect } from '#engine/inspect/inspect';
import { CoppiceError, isError, type Issue } from '#engine/ir/issue';
import { loadModel } from '#engine/onnx/load';

/** Plain data, so that it can come from another thread. */
export interface ModelReading {
  readonly path: string;
  /** Absent where the file is no model at all. */
  readonly inspection?: Inspection;
  /** On disk, with external data. */
  readonly bytes?: number;
  /** The first error of the file, as a sentence; absent for a sound model. */
  readonly problem?: string;
  readonly issues: readonly InspectionIssue[];
}

/** Reads the structure of a model and inspects it. Never throws; a file that cannot be read is a problem. */
export function readModel(path: string): ModelReading {
  try {
    const { model, issues } = loadModel(path);
    const error = issues.find(isError)?.message;
    const problem = error && naming(path, error);
    if (!model.graph || model.graph.node.length === 0) {
      const message = problem ?? `${path} holds no graph.`;
      return { path, problem: message, issues: issues.map(describe) };
    }
    const inspection = inspect(model, { path });
    const bytes = bytesOnDisk(model, path);
    return { path, inspection, bytes, problem, issues: issues.map(describe) };
  } catch (error) {
    return failedReading(path, sentenceOf(error));
  }
}

export function failedReading(path: string, problem: string): ModelReading {
  return { path, problem, issues: [{ severity: 'error', code: 'unreadable', message: problem }] };
}

/** A sentence that says which model it is about. */
function naming(path: string, problem: string): string {
  const name = basename(path);
  return problem.includes(name) ? problem : `${name}: ${problem}`;
}

function describe({ severity, code, message, node, value }: Issue): InspectionIssue {
  return { severity, code, message, ...(node ? { node } : {}), ...(value ? { value } : {}) };
}

function sentenceOf(error: unknown): string {
  if (error instanceof CoppiceError) return error.message;
  return `The model could not be read: ${error instanceof Error ? error.message : String(error)}`;
}
