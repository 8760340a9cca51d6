/** Whether a runtime takes what the options ask for. */

import { CoppiceError } from '../../ir/issue';
import type { QuantizeOptions } from './options';
import type { Format, Profile } from './profiles/profile';

/** @throws CoppiceError `unsupported-type` or `unsupported-format`, saying what the profile takes. */
export function requireSupported(options: QuantizeOptions, profile: Profile): void {
  const rules = [options, ...Object.values(options.layers)];
  for (const { weights, activations } of rules) {
    requireType('weights', weights, profile.weights.types, profile);
    requireType('activations', activations, profile.activations.types, profile);
  }
  if (options.weight_block !== undefined && !(profile.ownQuantizers && hasFourBits(options))) {
    throw new CoppiceError(
      'unsupported-type',
      'Blocks of weights need weights of int4 or uint4, activations: float, and a profile of ONNX Runtime.',
    );
  }
  if (!profile.formats.includes(formatOf(options, profile))) {
    throw new CoppiceError(
      'unsupported-format',
      `${profile.title} takes no ${options.format} models; set format to ${profile.formats.join(' or ')}.`,
    );
  }
}

function hasFourBits({ weights, activations }: QuantizeOptions): boolean {
  return activations === 'float' && (weights === 'int4' || weights === 'uint4');
}

export function formatOf({ format }: Pick<QuantizeOptions, 'format'>, profile: Profile): Format {
  return format === 'auto' ? profile.formats[0] : format;
}

function requireType(
  what: string,
  type: string | undefined,
  known: readonly string[],
  { title, ownQuantizers }: Profile,
): void {
  if (type === undefined || type === 'auto' || type === 'float' || known.includes(type)) return;
  if (type === 'dynamic' && ownQuantizers) return;
  throw new CoppiceError(
    'unsupported-type',
    `${title} takes no ${what} of ${type}; choose ${known.join(', ')}, or another profile.`,
  );
}
