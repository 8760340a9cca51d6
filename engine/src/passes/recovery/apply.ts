/** Writes a layer's correction into the model: the weights, and the constant that holds its offset. */

import { indexGraph } from '../../ir/graph-index';
import type { Graph } from '../../ir/model';
import { freshNames } from '../../ir/naming';
import { dimsOf, floats, makeTensor, withElements } from '../../ir/tensor';
import { constantOf, replaceConstant } from './constants';
import type { CorrectableLayer } from './correctable';
import type { Correction } from './regression';

/** Channels whose scale is this small next to the layer's largest say nothing about their weights. */
const negligible = 1e-4;

/** Changes initializers of `graph`, and the layer's node where it gets its first bias. */
export function applyCorrection(
  graph: Graph,
  layer: CorrectableLayer,
  { delta, offset }: Correction,
): void {
  const weight = constantOf(indexGraph(graph), layer.weight)!;
  const dims = dimsOf(weight);
  const data = floats(weight).slice();
  const outputs = dims[layer.outputAxis];
  const inputs = data.length / outputs;
  const largest = layer.scale.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const responsive = (o: number): boolean => Math.abs(layer.scale[o]) > negligible * largest;
  for (let o = 0; o < outputs; o++) {
    if (!responsive(o)) continue;
    for (let i = 0; i < inputs; i++) {
      const at = layer.outputAxis === 0 ? o * inputs + i : i * outputs + o;
      data[at] += delta[o * inputs + i] / layer.scale[o];
    }
  }
  replaceConstant(graph, layer.weight, withElements(weight, dims, data));
  const shift = offset.map((each, o) => (responsive(o) ? each : 0));
  applyOffset(graph, layer, shift);
}

function applyOffset(
  graph: Graph,
  { node, scale, offset, weight }: CorrectableLayer,
  by: Float64Array,
): void {
  switch (offset.kind) {
    case 'none':
      return;
    case 'constant': {
      add(graph, offset.tensor, by);
      return;
    }
    case 'running-mean': {
      // γ·(y − mean)/σ rises by b when the mean falls by b·σ/γ.
      add(
        graph,
        offset.tensor,
        by.map((each, o) => (each === 0 ? 0 : -each / scale[o])),
      );
      return;
    }
    case 'new-bias': {
      const name = freshNames(graph)(`${weight}.bias`);
      graph.initializer.push(makeTensor(name, 'float', [by.length], Float32Array.from(by)));
      const target = graph.node.find(({ output }) => output[0] === node.output[0])!;
      target.input[2] = name;
    }
  }
}

function add(graph: Graph, name: string, by: Float64Array): void {
  const found = constantOf(indexGraph(graph), name)!;
  const data = floats(found).map((each, i) => each + by[i]);
  replaceConstant(graph, name, withElements(found, dimsOf(found), data));
}
