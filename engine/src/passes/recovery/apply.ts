/** Writes the correction of a joint into the model: the weights, and the constant that holds its offset. */

import { makeAttribute } from '../../ir/attributes';
import { indexGraph } from '../../ir/graph-index';
import type { Graph, Model, Node } from '../../ir/model';
import { freshNames } from '../../ir/naming';
import { dimsOf, floats, makeTensor, withElements } from '../../ir/tensor';
import { constantOf, replaceConstant } from './constants';
import type { Offset } from './correctable';
import { featuresOf, type Joint, type Term } from './joints';
import type { Correction } from './regression';

/** Channels whose scale is this small next to the layer's largest say nothing about their weights. */
const negligible = 1e-4;

/** Changes constants of the model, and the node of a layer that gets its first bias. */
export function applyCorrection(
  model: Model,
  { terms, offset: place }: Joint,
  { delta, offset }: Correction,
): void {
  const features = delta.length / offset.length;
  let from = 0;
  for (const term of terms) {
    const size = featuresOf(term);
    const part = (output: number, feature: number): number =>
      delta[output * features + from + feature];
    addToWeight(model.graph!, term, part);
    from += size;
  }
  if (place) addToOffset(model, place, offset);
}

function addToWeight(
  graph: Graph,
  { layer, from, to }: Term,
  delta: (output: number, feature: number) => number,
): void {
  const { layout, scale } = layer;
  const weight = constantOf(indexGraph(graph), layer.weight)!;
  const data = floats(weight).slice();
  const first = from * layout.taps;
  const size = (to - from) * layout.taps;
  for (const o of responsive(scale)) {
    for (let i = 0; i < size; i++) data[layout.at(o, first + i)] += delta(o, i) / scale[o];
  }
  replaceConstant(graph, layer.weight, withElements(weight, dimsOf(weight), data));
}

/** The weights of a joint of one layer in units of what is compared: groups × outputs × inputs. */
export function weightsAtHand(graph: Graph, { terms: [term], outputs }: Joint): Float64Array {
  const { layout, scale, weight } = term.layer;
  const data = floats(constantOf(indexGraph(graph), weight)!);
  const size = featuresOf(term);
  const values = new Float64Array(outputs * size);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < size; i++) values[o * size + i] = scale[o] * data[layout.at(o, i)];
  }
  return values;
}

/** The channels on which a constant has a noticeable effect. */
function responsive(gain: Float64Array): number[] {
  const largest = gain.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  return Array.from(gain.keys()).filter((o) => Math.abs(gain[o]) > negligible * largest);
}

function addToOffset(model: Model, { holder, input, gain }: Offset, offset: Float64Array): void {
  const index = indexGraph(model.graph!);
  const node = index.producer(holder)!.node;
  const by = new Float64Array(gain.length);
  for (const o of responsive(gain)) by[o] = offset[o] / gain[o];
  const found = constantOf(index, node.input[input]);
  if (!found) {
    node.input[input] = addConstant(model, `${node.input[1]}.bias`, by);
    return;
  }
  const data = floats(found).map((each, i) => each + by[i]);
  replaceConstant(model.graph!, node.input[input], withElements(found, dimsOf(found), data));
}

/** Before IR 4 initializers have to be inputs of the graph, so there a Constant node holds it. */
function addConstant(model: Model, wanted: string, values: Float64Array): string {
  const graph = model.graph!;
  const name = freshNames(graph)(wanted);
  const tensor = makeTensor(name, 'float', [values.length], values);
  if (Number(model.irVersion ?? 0) >= 4) {
    graph.initializer.push(tensor);
    return name;
  }
  const attribute = [makeAttribute('value', tensor)];
  const node: Node = {
    opType: 'Constant',
    name,
    input: [],
    output: [name],
    attribute,
    metadataProps: [],
  };
  graph.node.unshift(node);
  return name;
}
