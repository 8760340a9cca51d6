/** What was checked as workflow commands, which GitHub shows at the lines of a change. */

import { ruleId } from './sarif';
import type { Outcome } from './outcome';

const kinds = { over: 'error', likely: 'warning', unknown: 'notice', meets: undefined } as const;

/** A line for each budget that a model does not surely meet. */
export function githubCommands({ results }: Outcome): string[] {
  return results.flatMap(({ budget, subject, verdict, message }) => {
    const kind = kinds[verdict];
    if (kind === undefined) return [];
    const { place, metric } = budget;
    const at = place
      ? [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`]
      : [`file=${property(subject)}`];
    const title = `title=${property(ruleId(metric))}`;
    return [`::${kind} ${[...at, title].join(',')}::${data(`${subject} ${message}.`)}`];
  });
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
