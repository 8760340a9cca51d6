/** A model in which something stands in for removed channels of one group wherever they are read. */

import type { ChannelAnalysis } from '../../../channels/analyze';
import { makeAttribute } from '../../../ir/attributes';
import { dataTypeNamed } from '../../../ir/data-type';
import type { Model, Node, ValueInfo } from '../../../ir/model';
import { freshNames } from '../../../ir/naming';
import { settledValues } from '../../../runtime/excerpt';
import type { Feeds, NamedTensor } from '../../../runtime/runtime';
import type { Consumer } from './consumers';
import { mostChannels, type ChannelMoments } from './moments';
import { standIn } from './stand-in';

export interface GroupProbe {
  /** Takes the stand-ins as inputs, so that one session measures every number of kept units. */
  readonly model: Model;
  /** Values that do not depend on the stand-ins, from which the output can be computed. */
  readonly settled: readonly string[];
  /** The inputs that say which units are gone. */
  feeds(cuts: ReadonlyMap<string, readonly number[]>): Feeds;
}

/** How a value's channels are mixed: by a 1×1 convolution, a product, or each on its own. */
type Form = 'convolution' | 'product' | 'scale';

interface Place {
  readonly consumer: Consumer;
  readonly form: Form;
  readonly matrix: string;
  readonly offset: string;
  readonly nodes: readonly Node[];
  readonly output: string;
}

/** @param moments by value, of what is read; without them removed channels are nothing. */
export function probeGroup(
  analysis: ChannelAnalysis,
  consumers: readonly Consumer[],
  moments?: ReadonlyMap<string, ChannelMoments>,
): GroupProbe {
  const graph = analysis.model.graph!;
  const fresh = freshNames(graph);
  const places = new Map<string, Place>();
  for (const each of consumers) {
    if (!places.has(each.value))
      places.set(each.value, placeAt(each, fresh, moments !== undefined));
  }
  const inputs = new Map<Node, Map<number, string>>();
  for (const { site, input, value } of consumers) {
    const replaced = inputs.get(site.node) ?? new Map<number, string>();
    inputs.set(site.node, replaced.set(input, places.get(value)!.output));
  }
  const placed = new Set<string>();
  const node = graph.node.flatMap((each) => {
    const replaced = inputs.get(each);
    if (!replaced) return [each];
    const input = each.input.map((name, i) => replaced.get(i) ?? name);
    const values = [...replaced.keys()].map((i) => each.input[i]);
    const added = values.filter((value) => !placed.has(value) && placed.add(value));
    return [...added.flatMap((value) => places.get(value)!.nodes), { ...each, input }];
  });
  const all = [...places.values()];
  const declared = all.flatMap(({ matrix, offset }) => [matrix, offset]);
  const input = [...graph.input, ...declared.map(declareFloat)];
  const model = { ...analysis.model, graph: { ...graph, node, input } };
  const starts = all.flatMap(({ nodes }) => nodes);
  return {
    model,
    settled: settledValues(model.graph, starts).filter((name) => !declared.includes(name)),
    feeds: (cuts) => {
      const cut = analysis.cutUnits(cuts);
      return Object.fromEntries(
        all.flatMap((place) => {
          const { labels, value } = place.consumer;
          const kept = analysis.kept(labels, cut) ?? [...labels.keys()];
          return standInFeeds(place, kept, moments?.get(value));
        }),
      );
    },
  };
}

function placeAt(consumer: Consumer, fresh: (name: string) => string, mixes: boolean): Place {
  const { value, axis, site, input, labels } = consumer;
  const rank = site.inputs[input]!.shape!.length;
  const isLast = axis === rank - 1;
  const form: Form =
    !mixes || labels.length > mostChannels || !(isLast || axis === 1)
      ? 'scale'
      : isLast
        ? 'product'
        : 'convolution';
  const [matrix, offset, scaled, output] = ['matrix', 'offset', 'scaled', 'output'].map((part) =>
    fresh(`${value}_standin_${part}`),
  );
  const nodes =
    form === 'convolution'
      ? [node('Conv', [value, matrix, offset], output)]
      : [
          node(form === 'product' ? 'MatMul' : 'Mul', [value, matrix], scaled),
          node('Add', [scaled, offset], output),
        ];
  return { consumer, form, matrix, offset, nodes, output };
}

function node(opType: string, input: string[], output: string): Node {
  const attribute = opType === 'Conv' ? [makeAttribute('group', 1)] : [];
  return { name: output, opType, input, output: [output], attribute, metadataProps: [] };
}

/** A shape is left to what is fed. */
function declareFloat(name: string): ValueInfo {
  return {
    name,
    type: { tensorType: { elemType: dataTypeNamed('float').code } },
    metadataProps: [],
  };
}

function standInFeeds(
  { consumer, form, matrix, offset }: Place,
  kept: readonly number[],
  moments: ChannelMoments | undefined,
): [string, NamedTensor][] {
  const { labels, site, input, axis } = consumer;
  const channels = labels.length;
  const plane = site.inputs[input]!.shape!.slice(axis + 1).map(() => 1);
  const made = standIn(channels, kept, form === 'scale', moments);
  const float = (dims: readonly number[], data: Float32Array): NamedTensor => ({
    type: 'float',
    dims,
    data,
  });
  switch (form) {
    case 'convolution':
      return [
        [matrix, float([channels, channels, ...plane], made.matrix)],
        [offset, float([channels], made.offset)],
      ];
    case 'product':
      return [
        [matrix, float([channels, channels], transposed(made.matrix, channels))],
        [offset, float([channels], made.offset)],
      ];
    case 'scale':
      return [
        [matrix, float([channels, ...plane], made.matrix)],
        [offset, float([channels, ...plane], made.offset)],
      ];
  }
}

function transposed(matrix: Float32Array, size: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) result[k * size + i] = matrix[i * size + k];
  }
  return result;
}
