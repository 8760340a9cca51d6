/**
 * The proof of a result: it was loaded and run in the runtime, its outputs have the shapes that our
 * inference says, and cutting its channels equals masking them.
 */

import { exampleShapes } from '../inspect/sized-types';
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
  try {
    const messages = await runOnce(runtime, model, options);
    const shapesMatch = messages.length === 0;
    return { loads: true, shapesMatch, maxRelativeError, maxAbsError, messages };
  } catch (error) {
    if (isAbort(error)) throw error;
    const messages = [error instanceof Error ? error.message : String(error)];
    return { loads: false, shapesMatch: false, maxRelativeError, maxAbsError, messages };
  }
}

/** True when everything that was checked held. */
export function isVerified({ loads, shapesMatch, maxRelativeError }: Verification): boolean {
  return loads && shapesMatch && (maxRelativeError === null || maxRelativeError <= maskedTolerance);
}

/** The proof in words, for a terminal. */
export function verificationText(verification: Verification, runtime: string | null): string[] {
  const { loads, shapesMatch, maxRelativeError, messages } = verification;
  const where = runtime ?? 'the runtime';
  const ran = !loads
    ? `FAILED: the result could not be run in ${where}:`
    : shapesMatch
      ? `The result was loaded and run in ${where}, and its outputs have the inferred shapes.`
      : `FAILED: the result runs in ${where}, but its shapes are not the inferred ones:`;
  return [ran, ...messages, ...(maxRelativeError === null ? [] : [maskedText(maxRelativeError)])];
}

function maskedText(error: number): string {
  const size = error.toExponential(1);
  return error <= maskedTolerance
    ? `The masked original and the cut model agree: largest relative difference ${size}.`
    : `FAILED: the masked original and the cut model differ by ${size} of the largest output.`;
}

/** Runs the model on random inputs and names the outputs whose shape is not the inferred one. */
async function runOnce(runtime: Runtime, model: Model, options: VerifyOptions): Promise<string[]> {
  const { directory, signal } = options;
  const session = await openModel(runtime, model, { directory, threads: 1 });
  try {
    const feeds = exampleFeeds(session, seededRandom(1), {}, exampleShapes(model));
    const outputs = await session.run(feeds, undefined, signal);
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { dims }]) => [name, dims]),
    );
    const types = inferTypes(model, { inputs });
    return Object.entries(outputs).flatMap(([name, tensor]) => {
      const expected = types.type(name)?.shape;
      return !expected || agrees(expected, tensor)
        ? []
        : [
            `Output "${name}" has shape [${tensor.dims.join(', ')}], inferred was [${expected.join(', ')}].`,
          ];
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
