/**
 * Integer convolutions read and write maps with the channels last; what lies between them follows, and
 * where a value comes from or goes to the plain layout it is transposed.
 */

import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

/** MaxPool of bytes has a kernel for this layout, but where nothing brings it there it stays plain. */
const pools = /^(MaxPool|QLinearAveragePool|QLinearGlobalAveragePool)$/;
const followers = /^(QLinearAdd|QLinearMul|QLinearLeakyRelu|QLinearSigmoid|QLinearConcat|Resize)$/;

export const channelsLast: OrtRule = {
  doc: 'Integer convolutions compute with the channels last, between transpositions.',
  apply: (graph) => {
    const last = new Map<string, string>();
    const transposed = new Map<string, string>();
    for (const operator of [...graph.all()]) {
      const maps =
        operator.type === 'QLinearConcat'
          ? operator.inputs.length
          : followers.test(operator.type) && operator.type !== 'Resize'
            ? 2
            : 1;
      const reads = operator.inputs
        .slice(0, maps)
        .filter((name) => graph.shape(name)?.length === 4);
      const begins = operator.type === 'QLinearConv';
      const follows =
        (pools.test(operator.type) || followers.test(operator.type)) &&
        operator.bytes === 1 &&
        reads.length > 0 &&
        reads.every((name) => last.has(name));
      if (reads.length === 0 || !(begins || follows)) continue;
      put(operator, reads);
    }
    for (const [plain, name] of last) {
      if (graph.isResult(plain) || graph.usersOf(plain).length > 0) transpose(name, plain);
    }

    function put(operator: Operator, reads: readonly string[]): void {
      const [value] = operator.outputs;
      const name = graph.newValue();
      graph.setShape(name, moved(value, graph));
      last.set(value, name);
      graph.replace([operator], {
        ...operator,
        type: operator.type === 'MaxPool' ? 'NhwcMaxPool' : operator.type,
        inputs: operator.inputs.map((each) => (reads.includes(each) ? inLast(each) : each)),
        outputs: [name],
        layout: 'last',
      });
    }

    function inLast(value: string): string {
      const known = last.get(value) ?? transposed.get(value);
      if (known) return known;
      const name = graph.newValue();
      graph.setShape(name, moved(value, graph));
      transposed.set(value, name);
      transpose(value, name);
      return name;
    }

    function transpose(from: string, to: string): void {
      graph.insert({ type: 'Transpose', inputs: [from], outputs: [to], nodes: [], bytes: 1 });
    }
  },
};

/** [N, C, H, W] → [N, H, W, C]. */
function moved(value: string, graph: RunGraph): readonly number[] | undefined {
  const shape = graph.shape(value);
  return shape && [shape[0], ...shape.slice(2), shape[1]];
}
