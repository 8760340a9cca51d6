import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleReport } from '../../test/e2e/sample-report';
import { isFromPage, isReport, isToPage, type ToPage } from './webview';

const source = { kind: 'report', report: 'file:///runs/1/report.json' } as const;
const show: ToPage = { type: 'show', content: { kind: 'report', report: sampleReport() }, source };

describe('the guards of the page protocol', () => {
  it('let well-formed messages through, also after a trip through JSON', () => {
    expect(isToPage(show)).toBe(true);
    expect(isToPage(JSON.parse(JSON.stringify(show)))).toBe(true);
    expect(isToPage({ type: 'failed', message: 'no', source })).toBe(true);
    const status = {
      ...{ version: 1, state: 'running', pid: 7, recipe: null, message: '', fraction: 0.5, at: 0 },
      ...{ model: '/net.onnx', output: '/small.onnx', steps: [] },
    };
    expect(isToPage({ ...show, content: { kind: 'run', status, own: true } })).toBe(true);
    expect(isToPage({ ...show, content: { kind: 'run', status: {}, own: true } })).toBe(false);
    expect(isFromPage({ type: 'ready' })).toBe(true);
    expect(isFromPage({ type: 'action', action: 'openDiff' })).toBe(true);
  });

  it('refuse what lacks a part that the page draws', () => {
    for (const key of [
      'model',
      'recipe',
      'before',
      'after',
      'verification',
      'steps',
      'layers',
    ] as const) {
      expect(isReport({ ...sampleReport(), [key]: undefined }), key).toBe(false);
    }
    expect(isReport({ ...sampleReport(), version: 2 })).toBe(false);
    expect(isToPage({ ...show, source: { kind: 'report' } })).toBe(false);
    expect(isToPage({ ...show, content: { kind: 'report', report: {} } })).toBe(false);
    expect(isFromPage({ type: 'action', action: 'deleteEverything' })).toBe(false);
  });

  it('never fail, whatever they are given', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isToPage(value)).toBe(false);
        expect(typeof isFromPage(value)).toBe('boolean');
      }),
    );
  });
});
