/**
 * The proof of a result: it was loaded and run in the runtime, its outputs have the shapes that our
 * inference says, and cutting its channels equals masking them.
 */

import { isAbort } from '../ir/cancellation';
import type { Dim } from '../ir/dim';
import type { Model } from '../ir/model';
import { seededRandom } from '../linalg/random';
import { inferTypes } from '../ops/infer';
import { exampleFeeds } from '../runtime/feeds';
import { openModel } from '../runtime/open-model';
import type { MaskedError } from '../passes/pass';
import type { NamedTensor, Runtime } from '../runtime/runtime';
import type { Verification } from './report';

/** Largest relative difference between the masked original and the cut model that counts as equal. */
export const maskedTolerance = 1e-4;

export interface VerifyOptions {
  /** The steps' own proofs. */
  readonly steps: readonly { readonly pass: string; readonly maskedError: MaskedError | null }[];
  /** Where external data of the model lies. */
  readonly directory: string;
  /** Sizes of symbolic dimensions; 1 unless given. */
  readonly bind?: Readonly<Record<string, number>>;
  readonly signal: AbortSignal;
}

/** Never throws for a result that is wrong: the verification says what is. */
export async function verifyModel(
  runtime: Runtime,
  model: Model,
  options: VerifyOptions,
): Promise<Verification> {
  const masked = options.steps.flatMap(({ maskedError }) => maskedError ?? []);
  const largest = (key: keyof MaskedError): number | null =>
    masked.length > 0 ? Math.max(...masked.map((each) => each[key])) : null;
  const maxRelativeError = largest('relative');
  const maxAbsError = largest('absolute');
  const messages = masked.length > 0 ? [maskedMessage(maxRelativeError!)] : [];
  try {
    const mismatches = await runOnce(runtime, model, options);
    messages.unshift(
      mismatches.length === 0
        ? `The result was loaded and run in ${runtime.name}, and its outputs have the inferred shapes.`
        : `The result runs in ${runtime.name}, but: ${mismatches.join(' ')}`,
    );
    return { loads: true, shapesMatch: mismatches.length === 0, maxRelativeError, maxAbsError, messages };
  } catch (error) {
    if (isAbort(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    messages.unshift(`The result could not be run in ${runtime.name}: ${message}`);
    return { loads: false, shapesMatch: false, maxRelativeError, maxAbsError, messages };
  }
}

/** True when everything that was checked held. */
export function isVerified({ loads, shapesMatch, maxRelativeError }: Verification): boolean {
  return loads && shapesMatch && (maxRelativeError === null || maxRelativeError <= maskedTolerance);
}

function maskedMessage(error: number): string {
  const verdict = error <= maskedTolerance ? 'agree' : 'DISAGREE';
  return `The masked original and the cut model ${verdict}: largest relative difference ${error.toExponential(1)}.`;
}

/** Runs the model on random inputs and names the outputs whose shape is not the inferred one. */
async function runOnce(runtime: Runtime, model: Model, options: VerifyOptions): Promise<string[]> {
  const { directory, bind, signal } = options;
  const session = await openModel(runtime, model, { directory, threads: 1 });
  try {
    const feeds = exampleFeeds(session, seededRandom(1), bind);
    const outputs = await session.run(feeds, undefined, signal);
    const inputs = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
    const types = inferTypes(model, { inputs, bind });
    return Object.entries(outputs).flatMap(([name, tensor]) => {
      const expected = types.type(name)?.shape;
      return !expected || agrees(expected, tensor)
        ? []
        : [`Output "${name}" has shape [${tensor.dims.join(', ')}], inferred was [${expected.join(', ')}].`];
    });
  } finally {
    await session.close();
  }
}

/** Dimensions that stayed symbolic agree with any size. */
function agrees(expected: readonly Dim[], { dims }: NamedTensor): boolean {
  return (
    expected.length === dims.length &&
    expected.every((dim, axis) => typeof dim !== 'number' || dim === dims[axis])
  );
}
