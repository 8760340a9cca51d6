/** Where the cursor is, in recipes that are being written. `|` is the cursor. */

import { describe, expect, it } from 'vitest';
import { placeAt } from './place';

function place(marked: string): string | undefined {
  const offset = marked.indexOf('|');
  const found = placeAt(marked.replace('|', ''), offset);
  return found && `${found.kind} ${found.path.join('.')}`;
}

describe('the place of the cursor', () => {
  it.each([
    ['|', 'key '],
    ['mod|', 'key '],
    ['model: |', 'value model'],
    ['data:\n  |', 'key data'],
    ['data:\n  path: da|', 'value data.path'],
    ['steps:\n  - |', 'key steps.0'],
    ['steps:\n- |', 'key steps.0'],
    ['steps:\n  - prune:\n      |', 'key steps.0.prune'],
    ['steps:\n  - prune:\n      macs: 0.5\n  - prune:\n      |', 'key steps.1.prune'],
    ['steps:\n- prune:\n    criterion: |', 'value steps.0.prune.criterion'],
    ['steps:\n  - prune: { |', 'key steps.0.prune'],
    ['steps:\n  - prune: { macs: 0.5, criterion: l|', 'value steps.0.prune.criterion'],
    ['steps:\n  - prune:\n      layers:\n        a.*: { |', 'key steps.0.prune.layers.a.*'],
    ['steps:\n  - prune:\n      macs: 0.5\n\n# a comment\noutput: |', 'value output'],
  ])('%j', (marked, expected) => {
    expect(place(marked)).toBe(expected);
  });

  it('is nowhere in a comment', () => {
    expect(place('# mod|')).toBeUndefined();
  });

  it('knows the keys that are there, above and below', () => {
    const text = 'model: a\n\noutput: b\n';
    expect(placeAt(text, 9)?.siblings).toEqual(new Set(['model', 'output']));
  });
});
