import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute, intsAttribute, stringsAttribute } from '../../ir/attributes';
import { AttributeType, type Graph } from '../../ir/model';
import { elements, numbers } from '../../ir/tensor';
import { parseModel } from './parse';
import { printModel } from './print';

/** A model around the nodes of a graph. */
function graphOf(body: string): Graph {
  const { model, issues } = parseModel(
    `<ir_version: 8, opset_import: ["": 17]> g () => () ${body}`,
  );
  expect(issues).toEqual([]);
  return model.graph!;
}

function problems(text: string): string[] {
  return parseModel(text).issues.map((issue) => issue.message);
}

describe('the official syntax', () => {
  it('reads header, types, nodes and functions', () => {
    const { model, issues } = parseModel(`
      <
        ir_version: 9,
        opset_import: [ "" : 19, "local" : 1 ],
        producer_name: "by hand",
        metadata_props: ["who": "we", "why": "a \\"test\\""]
      >
      net (float[N, 3, "h*2", ?] x, seq(int64[]) s, bool flag) => (float y)
      # a comment, and then values
      <float[2,2] w = {1, -2.5, 1e-3, inf}, float[N] t, int64[1] far = ["location": "w.bin", "offset": "8"]>
      {
        [first] t = local.Twice <axis = 1> (x, "a/b")
        y, = Split (t, , w)
        = Print (t) <names = ["p", "q"]>
      }
      <domain: "local", opset_import: ["" : 19]>
      Twice <axis, scale: float = 2> (x) => (float[N] y) <float[N] z> {
        z = Mul <by: int = @axis> (x, x)
        y = Identity (z)
      }`);
    expect(issues).toEqual([]);
    expect(model.opsetImport).toEqual([
      { domain: '', version: 19 },
      { domain: 'local', version: 1 },
    ]);
    expect(model.metadataProps[1]).toEqual({ key: 'why', value: 'a "test"' });
    const graph = model.graph!;
    expect(graph.input[0].type!.tensorType!.shape!.dim).toEqual([
      { dimParam: 'N' },
      { dimValue: 3 },
      { dimParam: 'h*2' },
      {},
    ]);
    expect(graph.input[1].type).toEqual({
      sequenceType: { elemType: { tensorType: { elemType: 7 } } },
    });
    expect(graph.output[0].type).toEqual({ tensorType: { elemType: 1, shape: { dim: [] } } });
    expect(Array.from(elements(graph.initializer[0]) as Float32Array)).toEqual(
      [1, -2.5, 1e-3, Infinity].map(Math.fround),
    );
    expect(graph.initializer[1]).toMatchObject({ dataLocation: 1, externalData: [{}, {}] });
    expect(graph.valueInfo.map((info) => info.name)).toEqual(['t']);
    const [twice, split, print] = graph.node;
    expect(twice).toMatchObject({ name: 'first', domain: 'local', opType: 'Twice' });
    expect(twice.input).toEqual(['x', 'a/b']);
    expect(split).toMatchObject({ output: ['y'], input: ['t', '', 'w'] });
    expect(print.output).toEqual([]);
    expect(stringsAttribute(print, 'names')).toEqual(['p', 'q']);
    const [made] = model.functions;
    expect(made).toMatchObject({ attribute: ['axis'], input: ['x'], output: ['y'] });
    expect(made.attributeProto[0]).toMatchObject({ name: 'scale', type: 1, f: 2 });
    expect(made.valueInfo.map((info) => info.name)).toEqual(['y', 'z']);
    expect(made.node[0].attribute[0]).toMatchObject({ type: 2, refAttrName: 'axis' });
  });

  it('tells the type of an attribute from its value', () => {
    const [node] = graphOf(`{ = Op <a = 1, b = 1.0, c = "s", d = [1, 2], e = [1.5], f: ints = [],
      g = float[2] {1, 2}, h: type_proto = float[N], i: floats = [1, -inf], j = -9007199254740993,
      k = sub (x) => (y) { y = Neg (x) }, l: graphs = [s1 () => () {}, s2 () => () {}],
      m = int64 named {7}> () }`).node;
    const types = node.attribute.map((each) => each.type);
    const t = AttributeType;
    expect(types).toEqual([
      ...[t.int, t.float, t.string, t.ints, t.floats, t.ints, t.tensor, t.typeProto, t.floats],
      ...[t.int, t.graph, t.graphs, t.tensor],
    ]);
    expect(intsAttribute(node, 'd')).toEqual([1, 2]);
    expect(Array.from(attribute(node, 'i')!.floats)).toEqual([1, -Infinity]);
    expect(attribute(node, 'j')!.i).toBe(-9007199254740993n);
    expect(attribute(node, 'k')!.g!.node[0].opType).toBe('Neg');
    expect(attribute(node, 'l')!.graphs.map((graph) => graph.name)).toEqual(['s1', 's2']);
    expect(attribute(node, 'm')!.t!.name).toBe('named');
  });

  it('takes elements below 8 bits packed or one by one', () => {
    const { initializer } = graphOf('<int4[3] a = {1, -2, 3}, int4[3] b = {225, 3}> {}');
    expect(numbers(initializer[0])).toEqual([1, -2, 3]);
    expect(numbers(initializer[1])).toEqual([1, -2, 3]);
  });

  it('takes the bit patterns of small floats', () => {
    const { initializer } = graphOf('<float16[2] a = {15360, 49152}> {}');
    expect(numbers(initializer[0])).toEqual([1, -2]);
  });

  it('makes an input with a value an initializer too', () => {
    const { model } = parseModel('g (float[1] x = {3}) => () {}');
    expect(model.graph!.input[0].name).toBe('x');
    expect(numbers(model.graph!.initializer[0])).toEqual([3]);
  });
});

describe('problems', () => {
  it('are told with line and column, several at once', () => {
    const text =
      'g (float[2] x) => (y)\n<float[2] w = {1, z}, flout[2] v>\n{\n  a = Relu x)\n  b = Neg (x)\n  c Neg\n}';
    const { model, issues } = parseModel(text);
    expect(issues.map((issue) => issue.message)).toEqual([
      'Line 2, column 19: expected a number but found "z}, flout[2]".',
      'Line 2, column 28: expected "," or ">" but found "[".',
      'Line 4, column 12: expected "(" but found "x".',
      'Line 6, column 5: expected "=" but found "Neg".',
    ]);
    expect(text.slice(issues[2].offset)).toMatch(/^x\)/);
    expect(model.graph!.node.map((node) => node.opType)).toEqual(['Neg']);
  });

  it.each([
    ['', 'the name of a graph but found the end'],
    ['<ir_version: "x"> g () => () {}', 'a version but found "x"'],
    ['<color: 3> g () => () {}', 'no key "color"'],
    ['g () => () { y = Op ("a) }', 'no closing quote'],
    ['g () => () <float[2] w = {1, 2, 3}> {}', 'needs 2 elements but 3'],
    ['g () => () <float[N] w = {1}> {}', 'numbers as dimensions'],
    ['g () => () <float[] w = {1}> {}', 'needs its dimensions'],
    ['g () => () <uint8[1] w = {256}> {}', '256 is outside of uint8'],
    ['g () => () <int32[1] w = {1.5}> {}', 'expected a whole number'],
    ['g () => () <float16[1] w = {1.5}> {}', 'bit patterns'],
    ['g () => () { y = Op <a = []> () }', 'an empty list needs a type'],
    ['g () => () { y = Op <a: ints = 1> () }', 'of type ints'],
    ['g () => () { y = Op <a = [1, "x"]> () }', 'another type'],
    ['g () => () { y = Op <a = 9223372036854775808> () }', '64 bits'],
    ['g () => () {} }', 'the name of a function'],
    ['#: {"docString": 1}\ng () => () {}', 'bad annotation: "docString" must be a string'],
    ['#: {"color": 1}\ng () => () {}', 'bad annotation: "color" is no field of graph'],
    ['g () #: {}\n=> () {}', 'this annotation belongs to nothing'],
    ['g () => () <float[9] w = ["elided": "9 elements"]> {}', 'left out of this text'],
  ])('%s', (text, message) => {
    expect(problems(text).join('\n')).toContain(message);
  });

  it('do not nest without bound', () => {
    const deep = `g () => () { y = If <a = `.repeat(5000);
    expect(problems(deep).join()).toContain('levels deep');
    expect(problems(`g (${'seq('.repeat(1e5)}`).join()).toContain('levels deep');
    expect(
      problems(`#: {"metadataProps": ${'['.repeat(1e4)}${']'.repeat(1e4)}}\ng () => () {}`),
    ).toHaveLength(1);
  });

  it('stop being listed after a hundred', () => {
    expect(problems(`g () => () {\n${'x\n'.repeat(10_000)}}`)).toHaveLength(100);
  });
});

describe('positions', () => {
  it('say where nodes stand and where values are made', () => {
    const text =
      'g (float[2] x) => (y)\n<float[2] "a/w" = {1, 2}>\n{\n  [n] y, z = Split (x, "a/w")\n}';
    const { positions } = parseModel(text);
    const at = (range: { start: number; end: number }) => text.slice(range.start, range.end);
    expect(positions.nodes.map(at)).toEqual(['[n] y, z = Split (x, "a/w")']);
    const definitions = [...positions.definitions].map(([name, range]) => [name, at(range)]);
    expect(definitions).toEqual([
      ['x', 'float[2] x'],
      ['a/w', 'float[2] "a/w"'],
      ['y', 'y'],
      ['z', 'z'],
    ]);
  });
});

describe('any text', () => {
  const base = printModel(
    parseModel(`<ir_version: 8, opset_import: ["": 17]>
      g (float[N, 3] x, seq(float[]) s) => (float[N] y) <float[3] w = {1, 2.5, nan}, string[1] t = {"q"}>
      {
        #: {"docString":"why"}
        [first] h = ai.Op:o <a = 1, b = [1.5, 2.5], c = "x", d: int = @e> (x, w, "")
        y = If (h) <then_branch = b () => (float r) { r = Constant <value = int64[2] {1, 2}> () }>
      }
      <domain: "d", opset_import: ["": 1]> f <a, b: int = 1> (x) => (y) { y = Neg (x) }`).model,
  );
  const words = [
    'float',
    'x',
    '"',
    '{',
    '}',
    '<',
    '>',
    '(',
    ')',
    '=>',
    '=',
    '[',
    ']',
    ',',
    '#: {',
    '\n',
    '1',
    '-',
    '@',
  ];

  it('gives issues, never an exception, and prints again', () => {
    const broken = fc
      .tuple(
        fc.array(fc.tuple(fc.nat(), fc.nat(4), fc.constantFrom(...words, '')), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      .map(([edits]) =>
        edits.reduce((text, [at, length, word]) => {
          const from = at % text.length;
          return text.slice(0, from) + word + text.slice(from + length);
        }, base),
      );
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((all) => all.join(' '));
    fc.assert(
      fc.property(fc.oneof(broken, soup, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const { model, issues } = parseModel(text);
        for (const { offset } of issues) expect(offset).toBeLessThanOrEqual(text.length);
        if (issues.length === 0) expect(parseModel(printModel(model)).issues).toEqual([]);
        else printModel(model);
      }),
      { numRuns: 4000 },
    );
  });
});
