/**
 * Whether weights keep to 7 bits. Without VNNI, x86 multiplies bytes by `vpmaddubsw`, which adds two
 * products in 16 bits and saturates: 255 · 127 · 2 does not fit, 255 · 64 · 2 does.
 * Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */

import type { Issue } from '../../ir/issue';
import { processor, type Processor } from '../../runtime/processor';
import type { QuantizeOptions } from './options';
import type { Profile } from './profiles/profile';

export interface RangeDecision {
  readonly isReduced: boolean;
  /** What was found on this machine, where that decided. */
  readonly issue?: Issue;
}

export function reducedRange(
  { reduce_range, activations }: Pick<QuantizeOptions, 'reduce_range' | 'activations'>,
  { weights, title }: Profile,
  machine: () => Processor = processor,
): RangeDecision {
  if (reduce_range !== 'auto') return { isReduced: reduce_range === 'always' };
  // Only products of bytes saturate.
  if (weights.reduced === 'never' || /float|16/.test(activations)) return { isReduced: false };
  const { name, isX86, vnni } = machine();
  const isReduced = isX86 && !vnni;
  const bits = isReduced ? 'keep to 7 bits' : 'use all 8 bits';
  const other = isReduced ? 'never' : 'always';
  const elsewhere = isReduced
    ? 'where the model will run with VNNI or on Arm'
    : 'where it will run on x86 without VNNI';
  return {
    isReduced,
    issue: {
      severity: 'information',
      code: 'reduced-range',
      message: `${found(name, isX86, vnni)}, so weights for ${title} ${bits}. Set reduce_range: ${other} ${elsewhere}, and any other value than auto to get the same model on every machine.`,
    },
  };
}

function found(name: string, isX86: boolean, vnni: string | undefined): string {
  if (!isX86) return `This machine (${name}) is no x86`;
  if (vnni === undefined) return `This machine (${name}) does not tell whether it has VNNI`;
  if (vnni === '') return `This machine (${name}) has no VNNI`;
  return `This machine (${name}) has ${vnni.toUpperCase().replace('_', '-')}`;
}
