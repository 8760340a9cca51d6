import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSettings, readSettings } from './settings';

describe('readSettings', () => {
  it('takes the defaults for everything that is unset', () => {
    expect(readSettings(undefined)).toEqual(defaultSettings);
    expect(readSettings({})).toEqual(defaultSettings);
  });

  it('keeps what is well formed and drops what is not, value by value', () => {
    const settings = readSettings({
      inlayHints: { model: false, layer: 'no' },
      advice: 'perhaps',
      sensitivity: false,
      devices: ['pixel-6', 4],
      modelRoots: ['models', 3, ''],
      links: { 'a.py': 'a.onnx', 'b.py': null },
      budgets: [{ size: '1 MB' }, 'small', null],
      diagnostics: { missingModel: 'hint', brokenModel: 'fatal', overBudget: 'warning' },
    });
    expect(settings).toEqual({
      inlayHints: { model: false, layer: true, recipe: true },
      advice: true,
      sensitivity: false,
      codeLens: true,
      devices: ['pixel-6'],
      modelRoots: ['models'],
      links: { 'a.py': 'a.onnx' },
      budgets: [{ size: '1 MB' }],
      diagnostics: { missingModel: 'hint', brokenModel: 'error', overBudget: 'warning' },
    });
  });

  it('never fails, and what it gives reads as itself', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const settings = readSettings(value);
        expect(readSettings(settings)).toEqual(settings);
      }),
    );
  });
});
