/** Edits change nothing but what they are about: the data becomes the merged one, comments stay. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { appendAt, mergeAt, type Fields, type TextEdit } from './yaml-edit';

function applied(text: string, edits: readonly TextEdit[] | undefined): string {
  if (!edits) throw new Error('no edits');
  // Edits at one place keep their order, as in LSP.
  const sorted = edits
    .map((edit, i) => ({ edit, i }))
    .sort((a, b) => b.edit.from - a.edit.from || b.i - a.i);
  return sorted.reduce(
    (now, { edit }) => now.slice(0, edit.from) + edit.text + now.slice(edit.to),
    text,
  );
}

function merged(text: string, path: (string | number)[], fields: Fields): string {
  return applied(text, mergeAt(text, parseDocument(text), path, fields));
}

const step = (text: string, fields: Fields) => merged(text, ['steps', 0, 'prune'], fields);
const exception: Fields = { layers: { 'layer1.*': { ratio: 0.4 } } };

describe('merging into a mapping', () => {
  it('adds a block below the last key, behind its comment', () => {
    const text = 'steps:\n  - prune:\n      macs: 0.5 # half\n\n# where it goes\noutput: x.onnx\n';
    expect(step(text, exception)).toBe(
      'steps:\n  - prune:\n      macs: 0.5 # half\n      layers:\n        layer1.*: { ratio: 0.4 }\n\n# where it goes\noutput: x.onnx\n',
    );
  });

  it('adds a key to the layers that are there, in their style', () => {
    const block = 'steps:\n  - prune:\n      layers:\n        fc: { skip: true } # keep\n';
    expect(step(block, exception)).toBe(
      'steps:\n  - prune:\n      layers:\n        fc: { skip: true } # keep\n        layer1.*: { ratio: 0.4 }\n',
    );
    const flow = 'steps:\n  - prune: { macs: 0.5, layers: { fc: { skip: true } } } # one line\n';
    expect(step(flow, exception)).toBe(
      'steps:\n  - prune: { macs: 0.5, layers: { fc: { skip: true }, layer1.*: { ratio: 0.4 } } } # one line\n',
    );
  });

  it('replaces a value and nothing else', () => {
    const text =
      'steps:\n  - prune: # first\n      layers:\n        "layer1.*": { ratio: 0.2, max_ratio: 0.5 }\n';
    expect(step(text, exception)).toBe(text.replace('0.2', '0.4'));
    const ranks = 'steps:\n  - prune:\n      layers: { a: { ranks: [1, 2] } }\n';
    expect(step(ranks, { layers: { a: { ranks: [16, 24] } } })).toBe(
      ranks.replace('1, 2', '16, 24'),
    );
  });

  it('fills what is empty', () => {
    expect(step('steps:\n  - prune:\n', exception)).toBe(
      'steps:\n  - prune:\n      layers:\n        layer1.*: { ratio: 0.4 }\n',
    );
    expect(step('steps:\n  - prune: {}\n', exception)).toBe(
      'steps:\n  - prune: { layers: { layer1.*: { ratio: 0.4 } } }\n',
    );
    expect(step('steps: [ { prune: { layers: } } ]', exception)).toBe(
      'steps: [ { prune: { layers: { layer1.*: { ratio: 0.4 } } } } ]',
    );
  });

  it('keeps the line breaks of the file and a last line without one', () => {
    const text = 'steps:\r\n  - prune:\r\n      macs: 0.5';
    expect(parse(step(text, exception))).toEqual({
      steps: [{ prune: { macs: 0.5, ...exception } }],
    });
  });

  it('leaves alone what it cannot edit safely', () => {
    const alias = 'a: &x { macs: 1 }\nsteps:\n  - prune: *x\n';
    expect(mergeAt(alias, parseDocument(alias), ['steps', 0, 'prune'], exception)).toBeUndefined();
    const scalar = 'steps:\n  - prune:\n      layers: [1]\n';
    const edits = mergeAt(scalar, parseDocument(scalar), ['steps', 0, 'prune', 'layers', 'x'], {});
    expect(edits).toBeUndefined();
  });
});

describe('appending to a list', () => {
  const item: Fields = { decompose: { layers: { conv1: { method: 'svd', ranks: [8] } } } };
  const append = (text: string, items: Fields[]) =>
    applied(text, appendAt(text, parseDocument(text), ['steps'], items));

  it('writes items as the others are written', () => {
    expect(append('steps:\n- prune: { macs: 0.5 } # a\noutput: x\n', [item])).toBe(
      'steps:\n- prune: { macs: 0.5 } # a\n- decompose:\n    layers:\n      conv1: { method: svd, ranks: [8] }\noutput: x\n',
    );
    expect(append('steps: []\n', [{ prune: { macs: 0.5 } }, item])).toBe(
      'steps: [{ prune: { macs: 0.5 } }, { decompose: { layers: { conv1: { method: svd, ranks: [8] } } } }]\n',
    );
  });
});

describe('whatever the text looks like', () => {
  const key = fc.constantFrom(
    'a',
    'layer1.0.conv1',
    '*',
    'true',
    '7',
    'x y',
    'b/c',
    "it's",
    'ü',
    '- z',
  );
  const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.constantFrom('word', 'a: b', '# no', ''));
  const leaf = fc.dictionary(key, scalar, { maxKeys: 3 });
  const tree = fc.dictionary(key, fc.oneof(scalar, leaf), { maxKeys: 4 });

  it('parses to the merged data afterwards', () => {
    fc.assert(
      fc.property(
        tree,
        fc.dictionary(key, fc.dictionary(key, fc.integer(), { minKeys: 1, maxKeys: 2 }), {
          minKeys: 1,
          maxKeys: 3,
        }),
        fc.constantFrom('BLOCK', 'FLOW'),
        (before, fields, style) => {
          const text = stringify(
            { steps: [{ prune: before }], output: 1 },
            { collectionStyle: style as 'block' },
          );
          const edits = mergeAt(text, parseDocument(text), ['steps', 0, 'prune'], fields);
          if (!edits) throw new Error(text);
          const wanted: Record<string, unknown> = { ...before };
          for (const [name, value] of Object.entries(fields)) {
            const old = wanted[name];
            wanted[name] = typeof old === 'object' && old !== null ? { ...old, ...value } : value;
          }
          expect(parse(applied(text, edits))).toEqual({ steps: [{ prune: wanted }], output: 1 });
        },
      ),
      { numRuns: 300 },
    );
  });
});
