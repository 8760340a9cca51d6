/**
 * A model with gates of ones between values and the layers that read them with weights: a gate for each
 * image and channel, so that one backward pass gives the slopes of every image's loss.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import type { Dim } from '../ir/dim';
import { CoppiceError } from '../ir/issue';
import type { Model, Node, Tensor } from '../ir/model';
import { freshNames } from '../ir/naming';
import { elementCount, makeTensor } from '../ir/tensor';
import { inferTypes } from '../ops/infer';
import type { ExtraParameter } from '../train/parameters';
import { batched } from '../train/inputs';
import { maskPoints, type MaskPoint } from './masked-model';

export interface GatedModel {
  readonly model: Model;
  /** What is differentiated by. */
  readonly gates: readonly ExtraParameter[];
  /**
   * For each group samples × units: by what the gates of a unit, all of them together, change the loss
   * of each sample.
   *
   * @param gradient the gates' gradients, one gate after the other.
   */
  slopes(gradient: Float32Array): Float64Array[];
}

/** A gate and its place in the flat vector of all. */
interface Gate {
  readonly tensor: Tensor;
  readonly start: number;
}

/**
 * @param model the analysed one, with its sizes known.
 * @param batch samples of one run.
 * @throws CoppiceError `unknown-shape` where the size of a value does not follow from those of the inputs.
 */
export function gatedModel(
  groups: readonly ChannelGroup[],
  analysis: ChannelAnalysis,
  model: Model,
  batch: number,
): GatedModel {
  const graph = model.graph!;
  const pointsOf = groups.map((group) => maskPoints(group, analysis));
  const fresh = freshNames(graph);
  const types = inferTypes(model, { inputs: batched(model, batch) });
  const gates = new Map<string, Gate>();
  const gated = new Map<Node, string>();
  const nodes: Node[] = [];
  let length = 0;
  for (const point of pointsOf.flat()) {
    const { value, readers } = point;
    if (!gates.has(keyOf(point))) {
      const dims = gateDims(point, types.type(value)?.shape ?? []);
      const size = dims.reduce((product, dim) => product * dim, 1);
      const tensor = makeTensor(fresh(`${value}_gate`), 'float', dims, new Float32Array(size).fill(1)); // prettier-ignore
      gates.set(keyOf(point), { tensor, start: length });
      length += size;
      nodes.push(product(value, tensor.name!, fresh(`${value}_gated`)));
    }
    const { tensor } = gates.get(keyOf(point))!;
    const { output } = nodes.find(({ input }) => input[1] === tensor.name)!;
    for (const reader of readers) gated.set(reader, output[0]);
  }
  const node = graph.node.map((each) => {
    const input = gated.get(each);
    return input === undefined ? each : { ...each, input: [input, ...each.input.slice(1)] };
  });
  return {
    model: { ...model, graph: { ...graph, node: [...nodes, ...node] } },
    gates: [...gates.values()].map(({ tensor }) => ({ tensor, decays: false })),
    slopes: (gradient) =>
      groups.map(({ units }, i) => {
        const sums = new Float64Array(batch * units);
        for (const point of pointsOf[i]) {
          addSlopes(sums, gradient, gates.get(keyOf(point))!, point, batch);
        }
        return sums;
      }),
  };
}

function gateDims({ value, axis }: MaskPoint, shape: readonly Dim[]): number[] {
  const dims = shape.map((dim, each) => (each === 0 || each === axis ? Number(dim) : 1));
  if (dims.length > 0 && dims.every(Number.isFinite)) return dims;
  throw new CoppiceError(
    'unknown-shape',
    `The size of "${value}" is not known, so that nothing can be differentiated by its channels. Take a criterion that needs no gradients, such as contribution.`,
  );
}

/** Groups may share a value, and then its gate. */
function keyOf({ value, axis }: MaskPoint): string {
  return `${axis} ${value}`;
}

function addSlopes(
  sums: Float64Array,
  gradient: Float32Array,
  { tensor, start }: Gate,
  { units: unitOf }: MaskPoint,
  batch: number,
): void {
  const units = sums.length / batch;
  const channels = unitOf.length;
  // Values that fold positions into the first dimension hold whole samples one after the other.
  const rows = elementCount(tensor) / channels / batch;
  for (let at = 0; at < rows * batch; at++) {
    const sample = Math.floor(at / rows);
    for (let channel = 0; channel < channels; channel++) {
      const unit = unitOf[channel];
      if (unit >= 0) sums[sample * units + unit] += gradient[start + at * channels + channel];
    }
  }
}

function product(value: string, gate: string, output: string): Node {
  const attributes = { attribute: [], metadataProps: [] };
  return { name: output, opType: 'Mul', input: [value, gate], output: [output], ...attributes };
}
