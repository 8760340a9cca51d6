/** Whether a quantized model is faster here, why not, and which of its layers float would serve better. */

import type { Issue } from '../ir/issue';
import type { LayerComparison, Timing } from '../report/report';
import { processor, type Processor } from '../runtime/processor';
import type { FinishedStep } from './run-folder';

export interface Timings {
  readonly before: Timing;
  readonly after: Timing;
}

/** Differences of the whole below this share are noise of the measurement. */
const noise = 0.05;

/** A layer is slower where this share and this many milliseconds say so: a clock counts microseconds. */
const layerNoise = 0.1;
const layerNoiseMs = 0.002;

/** Integer products pay where there is enough to multiply; below this many MACs a layer is small. */
const smallMacs = 1e6;

const mostNames = 6;

/**
 * What times say of a run that quantized: a warning where the result is slower than the original, with
 * the reasons that the measurement and the machine show, else a word on layers that became slower.
 */
export function integerSpeedIssue(
  { before, after }: Timings,
  layers: readonly LayerComparison[],
  steps: readonly Pick<FinishedStep, 'pass' | 'options'>[],
  machine: () => Processor = processor,
): Issue | undefined {
  const quantized = steps.filter(({ pass }) => pass === 'quantize');
  if (quantized.length === 0) return undefined;
  const slower = layers.filter(isSlower);
  const isWholeSlower = after.totalMs > before.totalMs * (1 + noise);
  if (!isWholeSlower && slower.length === 0) return undefined;
  const asked = quantized.some(({ options }) => options.only_where_faster === true);
  const sentences = [
    isWholeSlower
      ? `The quantized model is slower here: ${ms(after.totalMs)} instead of ${ms(before.totalMs)}.`
      : `The quantized model takes ${ms(after.totalMs)} here instead of ${ms(before.totalMs)}.`,
    ...(isWholeSlower ? lacking(machine()) : []),
    ...(isWholeSlower ? conversions(before, after) : []),
    ...unused(layers),
    ...slowerLayers(slower),
    ...(asked ? [] : ['To leave in float what gains nothing, quantize with only_where_faster.']),
  ];
  return {
    severity: isWholeSlower ? 'warning' : 'information',
    code: isWholeSlower ? 'not-faster' : 'slower-layers',
    message: sentences.join(' '),
  };
}

/** Whether a quantized layer takes longer than it did in float. */
export function isSlower({ before, after }: LayerComparison): boolean {
  const [was, is] = [before?.latencyMs, after?.latencyMs];
  if (was === undefined || is === undefined || after!.bits === before!.bits) return false;
  return is > was * (1 + layerNoise) + layerNoiseMs;
}

function lacking({ name, isX86, vnni }: Processor): string[] {
  if (!isX86 || vnni !== '') return [];
  return [`This processor (${name}) has no instructions that add products of bytes (VNNI).`];
}

function conversions(before: Timing, after: Timing): string[] {
  const more = after.conversionsMs - before.conversionsMs;
  if (more < noise * after.totalMs) return [];
  return [`Converting values between float and integers takes ${ms(more)} of it.`];
}

/** Layers whose weights are integers and whose kernel computes in float all the same. */
function unused(layers: readonly LayerComparison[]): string[] {
  const found = layers.filter(
    ({ op, before, after }) =>
      after?.kernel === op && (after.bits ?? 32) < (before?.bits ?? 0) && after.bits! <= 8,
  );
  if (found.length === 0) return [];
  return [`The runtime computes ${names(found)} in float although the weights are integers.`];
}

function slowerLayers(slower: readonly LayerComparison[]): string[] {
  if (slower.length === 0) return [];
  const lost = slower.reduce(
    (sum, { before, after }) => sum + after!.latencyMs! - before!.latencyMs!,
    0,
  );
  const small = slower.filter(({ before }) => before!.macs < smallMacs).length;
  const who = slower.length === 1 ? 'It is' : small < slower.length ? `${small} are` : 'All are';
  const size = small === 0 ? '' : ` ${who} small, below a million MACs.`;
  return [`Slower on integers than in float, by ${ms(lost)} together: ${names(slower)}.${size}`];
}

function names(layers: readonly LayerComparison[]): string {
  const shown = layers.slice(0, mostNames).map(({ name }) => name);
  const more = layers.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function ms(value: number): string {
  return `${value.toPrecision(3)} ms`;
}
