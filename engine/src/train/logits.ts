/** What losses are made of. */

import type { Model } from '../ir/model';

/** The model's first output, before the softmax that it may end with: losses bring their own. */
export function logitsOf(model: Model): string {
  const { output = [], node = [] } = model.graph ?? {};
  const [{ name = '' }] = output;
  const last = node.find((each) => each.output.includes(name));
  return last?.opType === 'Softmax' ? last.input[0] : name;
}
