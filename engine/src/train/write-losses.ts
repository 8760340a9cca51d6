/** Writes the losses of a step behind the forward pass, and adds them up. */

import { makeAttribute } from '../ir/attributes';
import { CoppiceError } from '../ir/issue';
import type { GraphBuilder } from './graph-builder';
import { logitsOf } from './logits';
import type { LossContext, LossShapes } from './losses/loss';
import type { RecordOptions } from './record';
import type { Tape } from './tape';

/** What is fed for a loss is called so, followed by the name of the teacher's value. */
const teacherPrefix = '@teacher.';

/** The value of the teacher that an input of a step reads; undefined for other inputs. */
export function taughtValue(input: string): string | undefined {
  return input.startsWith(teacherPrefix) ? input.slice(teacherPrefix.length) : undefined;
}

/** @returns the name of the sum, a scalar. */
export function writeLosses(
  build: GraphBuilder,
  tape: Tape,
  output: string,
  { losses, teacher }: RecordOptions,
  shapes: LossShapes,
): string {
  const inputs = new Set<string>();
  const fed = (name: string, dims: readonly number[]) => {
    if (!inputs.has(name)) build.input(name, 'float', dims);
    inputs.add(name);
    return name;
  };
  let count = 0;
  const emit: LossContext['emit'] = (op, input, attributes = {}) => {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    const name = `@loss.${op}.${count++}`;
    tape.record(
      { opType: op, input: [...input], output: [name], attribute, metadataProps: [] },
      true,
    );
    return name;
  };
  const context: LossContext = {
    output,
    emit,
    shape: (value) => build.shape(value),
    teacherShape: (value) => shapes.teacherShape(value),
    floats: (values, dims) => build.floats(values, dims),
    integers: (values) => build.integers(values),
    targets: () => fed('@targets', build.shape(output)),
    teacher: (value) => {
      if (!teacher)
        throw new CoppiceError('no-teacher', 'A loss reads a teacher, and there is none.');
      const name = value ?? logitsOf(teacher);
      return fed(`${teacherPrefix}${name}`, shapes.teacherShape(name));
    },
    progress: () => fed('@progress', []),
  };
  const terms = losses.map(({ loss, weight }) => {
    const value = loss.write(context);
    return weight === 1 ? value : emit('Mul', [value, build.floats(weight)]);
  });
  return terms.length === 1 ? terms[0] : emit('Sum', terms);
}
