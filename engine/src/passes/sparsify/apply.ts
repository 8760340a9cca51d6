/** Puts tensors where a model keeps its constants. */

import { cloneModel } from '../../ir/clone';
import type { Model, Tensor } from '../../ir/model';
import { replaceConstant } from '../recovery/constants';

/** A copy of the model with other tensors for some of its constants; the argument stays as it is. */
export function withConstants(model: Model, tensors: ReadonlyMap<string, Tensor>): Model {
  const result = cloneModel(model);
  for (const [name, tensor] of tensors) replaceConstant(result.graph!, name, tensor);
  return result;
}
