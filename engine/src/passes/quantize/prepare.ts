/**
 * Brings a model into the form that is quantized: functions inlined, BatchNormalization folded, and
 * an opset that has quantization.
 */

import { inlineFunctions } from '../../ir/inline-functions';
import type { Model } from '../../ir/model';
import type { PassContext } from '../pass';
import { simplify } from '../simplify/simplify';
import { simplifyOptions } from '../simplify/options';
import { raiseOpset } from './opset/raise-opset';

/** The first opset with QuantizeLinear and the quantized products that runtimes fuse layers into. */
const firstQuantized = 10;

/** The first one with a scale for each channel; since the one before, MaxPool takes integers. */
const firstPerChannel = 13;

/** @throws CoppiceError `opset` where an old model cannot be brought to an opset with quantization. */
export async function prepare(model: Model, context: PassContext): Promise<Model> {
  const inlined = inlineFunctions(model).model;
  const isSimplifiable = simplify.refuse(inlined) === undefined;
  const simplified = isSimplifiable
    ? (await simplify.run(inlined, simplifyOptions.parse({}), context)).model
    : inlined;
  try {
    return raiseOpset(simplified, firstPerChannel);
  } catch {
    return raiseOpset(simplified, firstQuantized);
  }
}
