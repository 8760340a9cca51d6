/** One of several trainings of a pass: whatever it tells and leaves says which of them it is. */

import type { Issue } from '../../ir/issue';
import type { PassContext, PassNote, PassResult, Progress } from '../pass';

/** What a training leaves. */
export interface Tuned extends Pick<PassResult, 'model' | 'notes' | 'issues'> {
  readonly curves: NonNullable<PassResult['curves']>;
}

/** @param title undefined where it is the only one. */
export async function titled(
  title: string | undefined,
  context: PassContext,
  train: (context: PassContext) => Promise<PassResult>,
): Promise<Tuned> {
  if (title === undefined) {
    const { curves = [], ...rest } = await train(context);
    return { ...rest, curves };
  }
  const progress = (each: Progress): void => {
    const training = each.training && {
      figures: { ...each.training.figures, title },
      curve: { ...each.training.curve, title },
    };
    context.progress(training ? { ...each, training } : each);
  };
  const { model, notes, issues, curves = [] } = await train({ ...context, progress });
  return {
    model,
    notes: notes.map((note): PassNote => ({ ...note, subject: `${title}, ${note.subject}` })),
    issues: issues.map((issue): Issue => ({ ...issue, message: `${title}: ${issue.message}` })),
    curves: curves.map((curve) => ({ ...curve, title })),
  };
}
