/**
 * How a convolution in blocks goes through its maps: up to four blocks of output channels at once,
 * along each row as many columns as there are registers for their sums, what is left over one by one,
 * and so are the columns whose window hangs over the edge. Each block of inputs adds to the sums in
 * another pass over the map, or in pointwise convolutions eight blocks do (ONNX Runtime 1.30).
 */

import { intsAttribute, stringAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';
import { nearCache, type Loops, type Window } from '../../kernel';

/** Blocks of output channels that are computed at once. */
const filters = 4;
/** Columns that are, with vectors of 16 numbers and of fewer. */
const wideRow = [6, 3, 2, 1];
const narrowRow = [3, 2, 1];
/** Cycles until a sum can be added to again. */
const latency = 4;
/** Input channels that a pointwise convolution adds up before it stores its sums. */
const pointwiseChannels = 128;
/** Bytes of the cache that is nearest to the core. */
const nearestCache = 40 * 2 ** 10;
/** Bytes of a line of it. */
const line = 64;

/** Columns that are computed at once, with the places of the window that lie inside the map. */
interface Chunk {
  readonly columns: number;
  readonly taps: number;
  /** How many there are in a row; in pointwise convolutions without stride, in a map. */
  readonly count: number;
}

/**
 * Of convolutions, and of pooling, which goes through its map as depthwise convolutions do.
 *
 * @param input the map it reads, as `window.map` is the one it gives.
 * @param isStem it reads an image, whose channels lie apart.
 */
export function blockedLoops(
  node: Node,
  window: Window,
  input: readonly number[],
  block: number,
  isStem: boolean,
): Loops {
  const { inChannels, outChannels, groups, kernel, map, stride } = window;
  const isDepthwise = node.opType !== 'Conv' || (groups > 1 && groups === inChannels);
  const isPointwise = !isStem && !isDepthwise && kernel.every((each) => each === 1);
  const [rows, columns] = axesOf(node, window, input);
  const lengths = block === 16 ? wideRow : narrowRow;
  const isFlat = isPointwise && stride.every((step) => step === 1);
  const chunks = isFlat
    ? chunksOf(columns.inside * rows.extent, 1, lengths)
    : [
        ...chunksOf(columns.inside, kernel.at(-1)!, lengths),
        ...columns.overhanging.map((taps) => ({ columns: 1, taps, count: 1 })),
      ];
  const channels = isDepthwise ? 1 : inChannels / groups;
  const together = isPointwise ? pointwiseChannels : isStem ? 1 : block;
  const passes = Math.ceil(channels / together);
  const [begins, taps] = isFlat ? [1, 1] : [rows.extent, rows.taps];
  const blocks = isDepthwise ? 1 : Math.max(1, Math.round(outChannels / groups / block));
  const sets = isDepthwise ? outChannels / block : groups;
  let [cycles, stalls, begun] = [0, 0, 0];
  for (const [at, count] of [
    [filters, Math.floor(blocks / filters)],
    [blocks % filters, 1],
  ]) {
    if (at === 0) continue;
    for (const chunk of chunks) {
      const each = Math.max(at * chunk.columns, at + chunk.columns) / 2;
      const times = sets * count * chunk.count;
      const issued = times * chunk.taps * taps * channels;
      cycles += issued * each;
      stalls += issued * Math.max(0, latency - each);
      begun += times * begins * passes;
    }
  }
  const outputs = Math.min(filters, blocks) * block;
  const [area, read] = [map, input].map((sizes) => sizes.reduce((all, each) => all * each, 1));
  const perPass = channels / passes;
  const weightBytes = 4 * perPass * kernel.reduce((all, each) => all * each, 1) * outputs;
  const rowBytes = 4 * perPass * input.at(-1)! * (kernel.length > 1 ? kernel[0] : 1);
  const passBytes = 4 * (area * outputs * (passes > 1 ? 2 : 1) + read * perPass);
  return {
    cycles,
    stalls,
    chunks: begun,
    passes: (passes - 1) * area * outChannels,
    refetched: isDepthwise
      ? 0
      : begun * (weightBytes / line) * beyond(nearestCache, weightBytes + rowBytes),
    streamed:
      passes * sets * Math.ceil(blocks / filters) * passBytes * beyond(nearCache, passBytes),
    gathered: 0,
  };
}

/** Share of what is used again and again that a cache cannot hold. */
function beyond(cache: number, bytes: number): number {
  return Math.max(0, 1 - cache / bytes);
}

interface Axis {
  readonly extent: number;
  /** Places at which the window lies inside the map, and the elements it sees at all others. */
  readonly inside: number;
  readonly overhanging: readonly number[];
  /** Elements it sees at all places together. */
  readonly taps: number;
}

function axesOf(node: Node, { kernel, stride, map }: Window, input: readonly number[]): Axis[] {
  const pads = padsOf(node, kernel, stride, input, map);
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const axes = kernel.map((size, axis) => {
    const [extent, step, dilation] = [map[axis], stride[axis] ?? 1, dilations[axis] ?? 1];
    const seenAt = (at: number): number => {
      let taps = 0;
      for (let k = 0, place = at * step - pads[axis]; k < size; k++, place += dilation) {
        if (place >= 0 && place < input[axis]) taps++;
      }
      return taps;
    };
    const overhanging: number[] = [];
    let [first, last] = [0, extent - 1];
    for (let taps; first <= last && (taps = seenAt(first)) < size; first++) overhanging.push(taps);
    for (let taps; last >= first && (taps = seenAt(last)) < size; last--) overhanging.push(taps);
    const inside = last - first + 1;
    const taps = overhanging.reduce((sum, each) => sum + each, inside * size);
    return { extent, inside, overhanging, taps };
  });
  const row: Axis = { extent: 1, inside: 1, overhanging: [], taps: 1 };
  return axes.length > 1 ? axes.slice(-2) : [row, ...axes];
}

/** At the beginning of each axis. */
function padsOf(
  node: Node,
  kernel: readonly number[],
  stride: readonly number[],
  input: readonly number[],
  map: readonly number[],
): readonly number[] {
  const given = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (!given.startsWith('SAME')) return intsAttribute(node, 'pads') ?? kernel.map(() => 0);
  return kernel.map((size, axis) => {
    const all = Math.max(0, (map[axis] - 1) * (stride[axis] ?? 1) + size - input[axis]);
    return given === 'SAME_LOWER' ? Math.ceil(all / 2) : Math.floor(all / 2);
  });
}

/** A row in pieces of the given lengths, longest first. */
function chunksOf(extent: number, taps: number, lengths: readonly number[]): Chunk[] {
  let left = extent;
  return lengths.flatMap((columns) => {
    const count = Math.floor(left / columns);
    left -= count * columns;
    return count > 0 ? [{ columns, taps, count }] : [];
  });
}
