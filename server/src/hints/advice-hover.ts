/** Below the layers of a hover: what they would best suffer, what that would save and what it may cost. */

import type { LayerAdvice, LayerInfo } from '#protocol/inspection';
import type { KnownAdvice } from '../models/advice-store';
import { adviceText } from './advice-text';
import { percent } from './figures';
import { code, prose, table } from './markdown';

const mostRows = 12;

/** Empty where nothing is advised for any of the layers. */
export function adviceSection(layers: readonly LayerInfo[], known: KnownAdvice): string {
  const found = layers.flatMap(({ name }) => known.layers.get(name) ?? []);
  const note = known.note === null ? [] : [`No advice for some layers: ${prose(known.note)}.`];
  if (found.length === 0) return layers.some(({ macs }) => macs > 0) ? note.join('') : '';
  const [only] = found;
  if (found.length === 1 && only.kind === 'leave') {
    return [`Best left alone: ${prose(only.reason)}.`, honesty, ...note].join('\n\n');
  }
  const rows = found.slice(0, mostRows).map(rowOf);
  return [table(columns, rows), honesty, ...note].join('\n\n');
}

const honesty =
  'Advice is an estimate from the weights alone, before any recovery; a run with data proves it.';

const columns = [
  { title: 'layer' },
  { title: 'would best suffer' },
  { title: 'MACs of the model', numeric: true },
  { title: 'params', numeric: true },
  { title: 'output error', numeric: true },
];

function rowOf(advice: LayerAdvice): string[] {
  const name = code(advice.layer);
  if (advice.kind === 'leave') return [name, 'leave', '', '', ''];
  const { macsSaved, paramsSaved, error } = advice;
  const words =
    advice.kind === 'prune' && advice.group !== advice.layer
      ? `${adviceText(advice)} of ${code(advice.group)}`
      : prose(adviceText(advice));
  return [name, words, change(-macsSaved), change(-paramsSaved), percent(error)];
}

/** `−4.2 %`, of the whole model. */
function change(share: number): string {
  const size = Math.abs(100 * share).toFixed(1);
  return `${share < 0 ? '−' : '+'}${size} %`;
}
