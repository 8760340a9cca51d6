/** Brings a model into the form that is quantized: functions inlined, BatchNormalization folded. */

import { inlineFunctions } from '../../ir/inline-functions';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { simplify } from '../simplify/simplify';
import { simplifyOptions } from '../simplify/options';

export async function prepare(model: Model, context: PassContext): Promise<Model> {
  const inlined = inlineFunctions(model).model;
  if (simplify.refuse(inlined)) return inlined;
  return (await simplify.run(inlined, simplifyOptions.parse({}), context)).model;
}
