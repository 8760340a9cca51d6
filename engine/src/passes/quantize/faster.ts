/**
 * Finds the layers that float serves better on this machine. What a layer gains in its kernel it may
 * lose in conversions around it, so a layer stays in float only where the whole model becomes faster.
 */

import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { PassContext, PassNote } from '../pass';
import type { Calibration } from './calibrate';
import { inFloat } from './exceptions';
import { measuredHere, type LayerCosts, type ModelCosts } from './layer-costs';
import type { QuantizeOptions } from './options';
import type { LayerSite } from './placement';
import { quickDraft } from './quick-draft';

export interface Faster {
  /** With the layers that are to stay in float. */
  readonly options: QuantizeOptions;
  /** By layer, for those. */
  readonly notes: ReadonlyMap<string, PassNote>;
  readonly issues: readonly Issue[];
}

/** Sets that are tried: all slower layers, then the half of them that gains most, and so on. */
const mostAttempts = 4;

/** A kernel is slower where this share and this many milliseconds say so: a clock counts microseconds. */
const noise = 0.1;
const noiseMs = 0.002;

/**
 * @param model prepared.
 * @throws CoppiceError where the model cannot be run on random values.
 */
export async function findFaster(
  model: Model,
  options: QuantizeOptions,
  context: Calibration & PassContext,
  costs: LayerCosts = measuredHere(model, context.runtime),
): Promise<Faster> {
  const { signal, progress } = context;
  const all = await quickDraft(model, options, context);
  const [before, after] = await costs.of([model, all.model], signal);
  const lost = slowdowns(all.layers, before, after);
  let best = { model: all.model, options };
  let floats: readonly string[] = [];
  let tried = [...lost.keys()];
  for (let i = 0; i < mostAttempts && tried.length > 0; i++) {
    progress({ message: `timing with ${tried.length} layers in float` });
    const wanted = inFloat(options, tried);
    const attempt = await quickDraft(model, wanted, context);
    const [old, now] = await costs.of([best.model, attempt.model], signal);
    if (now.totalMs < old.totalMs) {
      best = { model: attempt.model, options: wanted };
      floats = tried;
      break;
    }
    tried = tried.slice(0, tried.length >> 1);
  }
  const [float, chosen] = await costs.of([model, best.model], signal);
  if (chosen.totalMs >= float.totalMs) {
    const everything = all.layers.map(({ name }) => name);
    const issues = [nothingFaster(float, chosen)];
    const notes = everything.map((name): [string, PassNote] => [name, wholeNote(name)]);
    return { options: inFloat(options, everything), notes: new Map(notes), issues };
  }
  const notes = floats.map((name): [string, PassNote] => [name, noteOf(name, lost.get(name)!)]);
  return { options: best.options, notes: new Map(notes), issues: [] };
}

interface Slowdown {
  readonly before: number;
  readonly after: number;
}

/** Layers whose kernels take longer on integers, those that lose most first. */
function slowdowns(
  layers: readonly LayerSite[],
  before: ModelCosts,
  after: ModelCosts,
): ReadonlyMap<string, Slowdown> {
  const found = layers.flatMap(({ name, node }): [string, Slowdown][] => {
    const [was, is] = [before, after].map(({ nodes }) => nodes.get(node.output[0]));
    if (!was || !is || !('ms' in was) || !('ms' in is)) return [];
    return is.ms > was.ms * (1 + noise) + noiseMs ? [[name, { before: was.ms, after: is.ms }]] : [];
  });
  return new Map(found.sort(([, a], [, b]) => b.after - b.before - (a.after - a.before)));
}

function noteOf(name: string, { before, after }: Slowdown): PassNote {
  return {
    subject: name,
    layers: [name],
    counts: 'bits',
    before: 32,
    after: 32,
    reason: `stays float: ${ms(before)} here against ${ms(after)} on integers`,
    why: { floatMs: before, integerMs: after },
  };
}

function wholeNote(name: string): PassNote {
  const reason = 'stays float: the whole model is faster so here';
  return { subject: name, layers: [name], counts: 'bits', before: 32, after: 32, reason };
}

function nothingFaster(float: ModelCosts, chosen: ModelCosts): Issue {
  return {
    severity: 'warning',
    code: 'nothing-quantized',
    message:
      `Nothing was quantized: integers are slower here, ${ms(chosen.totalMs)} instead of ` +
      `${ms(float.totalMs)}, whatever layers stay in float. For a smaller file leave out only_where_faster.`,
  };
}

function ms(value: number): string {
  return `${value.toPrecision(3)} ms`;
}
