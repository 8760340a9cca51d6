/** Random convolutional networks: whatever the groups are, cutting them gives a valid, equal model. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Model } from '../ir/model';
import { validateModel } from '../ir/validate';
import { seededRandom } from '../linalg/random';
import { inferTypes } from '../ops/infer';
import { compareMaskedAndCut, runModel } from '../../../test/support/masked-equals-cut';
import { randomFeeds, weightedModel } from '../../../test/support/weighted-text';
import { analyzeChannels } from './analyze';
import { channelCosts } from './cost';
import { cutChannels } from './cut';
import { inspect } from '../inspect/inspect';

const operations = [
  ...['conv', 'grouped', 'depthwise', 'normalize', 'activate', 'add', 'concat', 'split'],
  ...['slice', 'reverse', 'gather', 'shuffle', 'widen', 'excite', 'pool', 'layer norm'],
] as const;

interface Step {
  readonly operation: (typeof operations)[number];
  /** Choose operands and sizes, each modulo what there is. */
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...operations),
    a: fc.nat(7),
    b: fc.nat(7),
    size: fc.nat(5),
  }),
  { minLength: 2, maxLength: 14 },
);

/** Feature maps of one size with their channels; each step adds some. */
class Network {
  private readonly maps: { name: string; channels: number }[] = [];
  private readonly weights: string[] = [];
  private readonly nodes: string[] = [];

  constructor() {
    this.conv(this.declare('x', 3), 6);
    this.maps.shift();
  }

  get text(): string {
    const last = this.maps[this.maps.length - 1];
    const dense = `float[${last.channels * 25},3] dense.weight`;
    const tail = `flat = Flatten(${last.name})  y = MatMul(flat, dense.weight)`;
    return `(float[1,3,5,5] x) => (float[1,3] y)
      <${[...this.weights, dense].join(', ')}> { ${[...this.nodes, tail].join('\n')} }`;
  }

  take({ operation, a, b, size }: Step): void {
    const recent = (choice: number) =>
      this.maps[this.maps.length - 1 - (choice % this.maps.length)];
    const map = recent(a);
    const { name, channels: c } = map;
    const even = c % 2 === 0;
    if (operation === 'conv') this.conv(map, [2, 3, 4, 6, 8, 9][size]);
    else if (operation === 'grouped' && even) this.conv(map, [2, 4, 6, 8, 10, 12][size], 2);
    else if (operation === 'depthwise' && c > 1) this.conv(map, c * ((size % 2) + 1), c);
    else if (operation === 'normalize') this.normalize(map);
    else if (operation === 'activate') this.unary(['Relu', 'Sigmoid', 'HardSwish'][size % 3], map);
    else if (operation === 'add') this.add(map, this.maps.filter((each) => each.channels === c)[0]);
    else if (operation === 'concat') this.concat(map, recent(b));
    else if (operation === 'split' && c > 2) this.split(map, 1 + (size % (c - 1)));
    else if (operation === 'slice' && c > 2) this.slice(map, [1, c, 1]);
    else if (operation === 'reverse') this.slice(map, [-1, '-9223372036854775807', -1]);
    else if (operation === 'gather') this.gather(map, size);
    else if (operation === 'shuffle' && even) this.shuffle(map);
    else if (operation === 'widen') this.widen(map, size);
    else if (operation === 'excite') this.excite(map);
    else if (operation === 'pool') {
      const attributes = 'kernel_shape = [3, 3], pads = [1, 1, 1, 1]';
      this.node(`MaxPool<${attributes}>(${name})`, c);
    } else if (operation === 'layer norm') this.layerNorm(map);
  }

  private declare(name: string, channels: number) {
    const map = { name, channels };
    this.maps.push(map);
    return map;
  }

  private node(call: string, channels: number) {
    const map = this.declare(`t${this.nodes.length}`, channels);
    this.nodes.push(`${map.name} = ${call}`);
    return map;
  }

  private weight(dims: string, kind = 'w'): string {
    // A weight of one element counts as one only by its name.
    const name = `${kind}${this.weights.length}.weight`;
    this.weights.push(`float[${dims}] ${name}`);
    return name;
  }

  private integers(values: readonly (number | string)[]): string {
    const name = `i${this.weights.length}`;
    this.weights.push(`int64[${values.length}] ${name} = {${values.join(', ')}}`);
    return name;
  }

  private conv({ name, channels }: { name: string; channels: number }, out: number, group = 1) {
    const weight = this.weight(`${out},${channels / group},3,3`);
    const bias = this.weight(`${out}`);
    this.node(`Conv<pads = [1, 1, 1, 1], group = ${group}>(${name}, ${weight}, ${bias})`, out);
  }

  private normalize({ name, channels }: { name: string; channels: number }): void {
    const kinds = ['scale', 'w', 'w', 'var'];
    const parameters = kinds.map((kind) => this.weight(`${channels}`, kind));
    this.node(`BatchNormalization(${name}, ${parameters.join(', ')})`, channels);
  }

  private unary(operator: string, { name, channels }: { name: string; channels: number }): void {
    this.node(`${operator}(${name})`, channels);
  }

  private add(a: { name: string; channels: number }, b: { name: string }): void {
    this.node(`Add(${a.name}, ${b.name})`, a.channels);
  }

  private concat(a: { name: string; channels: number }, b: { name: string; channels: number }) {
    if (a.channels + b.channels > 24) return;
    this.node(`Concat<axis = 1>(${a.name}, ${b.name})`, a.channels + b.channels);
  }

  private split({ name, channels }: { name: string; channels: number }, first: number): void {
    const sizes = this.integers([first, channels - first]);
    const index = this.nodes.length;
    this.declare(`t${index}`, first);
    this.declare(`s${index}`, channels - first);
    this.nodes.push(`t${index}, s${index} = Split<axis = 1>(${name}, ${sizes})`);
  }

  private slice(
    { name, channels }: { name: string; channels: number },
    [start, end, step]: readonly [number, number | string, number],
  ): void {
    const operands = [[start], [end], [1], [step]].map((each) => this.integers(each));
    this.node(`Slice(${name}, ${operands.join(', ')})`, step < 0 ? channels : channels - start);
  }

  private gather({ name, channels }: { name: string; channels: number }, size: number): void {
    const picked = [0, channels - 1, -1, size % channels].slice(0, 2 + (size % 3));
    this.node(`Gather<axis = 1>(${name}, ${this.integers(picked)})`, picked.length);
  }

  private shuffle({ name, channels }: { name: string; channels: number }): void {
    const split = this.integers([0, 2, channels / 2, 5, 5]);
    const joined = this.integers([0, -1, 5, 5]);
    const index = this.nodes.length;
    this.nodes.push(`a${index} = Reshape(${name}, ${split})`);
    this.nodes.push(`b${index} = Transpose<perm = [0, 2, 1, 3, 4]>(a${index})`);
    this.node(`Reshape(b${index}, ${joined})`, channels);
  }

  private widen({ name, channels }: { name: string; channels: number }, size: number): void {
    const pads = this.integers([0, size, 0, 0, 0, 1, 0, 0]);
    this.node(`Pad(${name}, ${pads})`, channels + size + 1);
  }

  private excite(map: { name: string; channels: number }): void {
    const index = this.nodes.length;
    const gate = this.weight(`${map.channels},${map.channels},1,1`);
    this.nodes.push(`p${index} = GlobalAveragePool(${map.name})`);
    this.nodes.push(`g${index} = Conv(p${index}, ${gate})`);
    this.node(`Mul(${map.name}, g${index})`, map.channels);
  }

  private layerNorm({ name, channels }: { name: string; channels: number }): void {
    const [scale, shift] = [this.weight(`${channels}`, 'scale'), this.weight(`${channels}`)];
    const index = this.nodes.length;
    this.nodes.push(`a${index} = Transpose<perm = [0, 2, 3, 1]>(${name})`);
    this.nodes.push(`b${index} = LayerNormalization(a${index}, ${scale}, ${shift})`);
    this.node(`Transpose<perm = [0, 3, 1, 2]>(b${index})`, channels);
  }
}

const runs = process.env.COPPICE_FULL === '1' ? 2_000 : 150;

test('masked = cut, the cut model is valid, shapes and costs are what we say', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(1_000), async (chosen, seed) => {
      const network = new Network();
      for (const step of chosen) network.take(step);
      const model = weightedModel(network.text, { seed });
      const analysis = analyzeChannels(model);
      const random = seededRandom(seed);
      const free = analysis.groups.filter((group) => !group.pinned && random.uniform() < 0.8);
      const cuts = new Map(
        free.map(({ id, units }) => {
          const shuffled = random.shuffle([...Array(units).keys()]);
          return [id, shuffled.slice(0, random.integer(units))] as const;
        }),
      );
      const cut = cutChannels(analysis, cuts);
      expect(validateModel(cut)).toEqual([]);
      await expectShapes(cut);
      const { error } = await compareMaskedAndCut(model, analysis, cuts, randomFeeds(model));
      expect(Math.max(error, 1e-4)).toBe(1e-4);
      const counts = new Map([...cuts].map(([id, units]) => [id, units.length]));
      const { macs, params } = inspect(cut, { path: '' }).totals;
      expect(channelCosts(analysis).after(counts)).toMatchObject({ macs, params });
    }),
    { numRuns: runs, seed: 20 },
  );
}, 600_000);

/** Every value of the model has the shape that inference says. */
async function expectShapes(model: Model): Promise<void> {
  const graph = model.graph!;
  const values = graph.node.flatMap((node) => node.output);
  const output = values.map((name) => ({ name, metadataProps: [] }));
  const actual = await runModel({ ...model, graph: { ...graph, output } }, randomFeeds(model));
  const types = inferTypes(model);
  for (const name of values) {
    expect([name, types.type(name)?.shape]).toEqual([name, actual.get(name)!.dims]);
  }
}
