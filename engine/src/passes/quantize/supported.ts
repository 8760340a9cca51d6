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
  if (!profile.formats.includes(formatOf(options, profile))) {
    throw new CoppiceError(
      'unsupported-format',
      `${profile.title} takes no ${options.format} models; set format to ${profile.formats.join(' or ')}.`,
    );
  }
}

export function formatOf({ format }: QuantizeOptions, profile: Profile): Format {
  return format === 'auto' ? profile.formats[0] : format;
}

function requireType(
  what: string,
  type: string | undefined,
  known: readonly string[],
  { title }: Profile,
): void {
  if (type === undefined || type === 'auto' || type === 'float' || known.includes(type)) return;
  throw new CoppiceError(
    'unsupported-type',
    `${title} takes no ${what} of ${type}; choose ${known.join(', ')}, or another profile.`,
  );
}
