import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeAttribute } from '../../ir/attributes';
import { emptyGraph } from '../../ir/empty-graph';
import type { Graph, Model, Tensor } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import { readModelFile } from '../read';
import { parseModel } from './parse';
import { printModel } from './print';

function graph(parts: Partial<Graph>): Graph {
  return {
    ...emptyGraph(),
    name: 'g',
    ...parts,
  };
}

function model(parts: Partial<Graph>): Model {
  return {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    functions: [],
    graph: graph(parts),
  };
}

const weights = makeTensor('w', 'float', [2, 2], [1, -0, NaN, 0.1]);

describe('printModel', () => {
  it('writes what a person would', () => {
    const branch = graph({ name: 'then', node: [] });
    const printed = printModel(
      model({
        initializer: [weights, makeTensor('layer.0/b', 'int64', [1], [2n ** 53n + 1n] as never)],
        input: [
          {
            name: 'x',
            type: {
              tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'N' }, { dimValue: 2 }, {}] } },
            },
            metadataProps: [],
          },
        ],
        node: [
          {
            input: ['x', '', 'w'],
            output: ['y'],
            name: '/conv',
            opType: 'Conv',
            domain: 'ai.custom',
            attribute: [makeAttribute('pads', [1, 1]), makeAttribute('alpha', { f: 1 })],
            docString: 'from model.py:3',
            metadataProps: [],
          },
          {
            input: ['y'],
            output: [],
            opType: 'If',
            attribute: [makeAttribute('then_branch', branch)],
            metadataProps: [],
          },
        ],
      }),
    );
    expect(printed).toBe(`<
  ir_version: 8,
  opset_import: ["" : 17]
>
g (float[N, 2, ?] x) => ()
<
  float[2, 2] w = {1, -0, nan, 0.1},
  int64[1] "layer.0/b" = {9007199254740993}
>
{
  #: {"docString":"from model.py:3"}
  ["/conv"] y = ai.custom.Conv <pads = [1, 1], alpha = 1.0> (x, "", w)
  = If (y) <
    then_branch = then () => () {
    }>
}
`);
  });

  it('leaves out large tensors without reading them', () => {
    const unreadable = {
      byteLength: 16,
      read: (): Uint8Array => {
        throw new Error('the weights were read');
      },
    };
    const large: Tensor = { ...weights, rawData: unreadable };
    const text = printModel(model({ initializer: [large] }), { maxElements: 3 });
    expect(text).toContain('float[2, 2] w = ["elided": "4 elements"]');
    const { issues } = parseModel(text);
    expect(issues.map((issue) => [issue.severity, issue.code])).toEqual([['error', 'text-elided']]);
    expect(text.slice(issues[0].offset)).toMatch(/^float\[2, 2\] w/);
    expect(printModel(model({ initializer: [weights] }), { maxElements: 4 })).toContain('0.1}');
  });

  it('prints external tensors as references, or in full when asked to', () => {
    const { rawData: external, ...rest } = weights;
    const externalData = [{ key: 'location', value: 'w.bin' }];
    const far = model({ initializer: [{ ...rest, external, externalData, dataLocation: 1 }] });
    expect(printModel(far)).toContain('w = ["location": "w.bin"]');
    expect(printModel(far, { inlineExternal: true })).toBe(
      printModel(model({ initializer: [weights] })),
    );
  });

  it('keeps edits to what an annotated node says in plain text', () => {
    const text = printModel(
      model({
        node: [
          { input: [], output: ['y'], opType: 'Op', domain: '', attribute: [], metadataProps: [] },
        ],
      }),
    );
    expect(text).toContain('#: {"domain":""}');
    const { model: edited } = parseModel(text.replace('y = Op', 'z = Relu'));
    expect(edited.graph!.node[0]).toMatchObject({ output: ['z'], opType: 'Relu', domain: '' });
  });
});

const real = '../shared/models/silero-vad-16k.onnx';
describe.skipIf(!existsSync(real))('damaged text of a model in ../shared/models', () => {
  it('gives issues, never an exception', () => {
    const text = printModel(readModelFile(real).model, { maxElements: 20 });
    const edit = fc.tuple(fc.nat(text.length), fc.nat(200), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        let damaged = text;
        for (const [at, length, put] of edits) {
          damaged = damaged.slice(0, at) + put + damaged.slice(at + length);
        }
        printModel(parseModel(damaged).model);
      }),
      { numRuns: 200 },
    );
  });
});
