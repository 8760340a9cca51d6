/** Small texts, one point each. */

import { describe, expect, it } from 'vitest';
import { SourceDocument } from '../documents/source-document';

function references(languageId: string, text: string, path = '/project/src/file.x'): string[] {
  const document = new SourceDocument('file:///project/src/file.x', path, languageId, 1, text);
  return document.references.map(({ role, paths }) => `${role} ${paths.join(' ')}`);
}

describe('Python', () => {
  it('follows a constant to where it is loaded', () => {
    expect(references('python', 'M = "a.onnx"\nrun(M)\nInferenceSession(M)')).toEqual([
      'load a.onnx',
    ]);
  });

  it('does not guess what a name is that is given twice', () => {
    const text = 'D = "a"\nD = "b"\nInferenceSession(D + "/m.onnx")';
    expect(references('python', text)).toEqual([]);
  });

  it('does not see a class attribute as a bare name inside a method', () => {
    const text = 'class A:\n    D = "a"\n    def f(self):\n        InferenceSession(D + "/m.onnx")';
    expect(references('python', text)).toEqual([]);
  });

  it('lets a parameter hide a constant of the module', () => {
    const text = 'D = "a"\ndef f(D):\n    InferenceSession(D + "/m.onnx")';
    expect(references('python', text)).toEqual([]);
  });

  it('finds models in a text that does not parse yet', () => {
    expect(references('python', 'x = (\nInferenceSession("m.onnx"')).toEqual(['load m.onnx']);
  });

  it('does not follow constants round in circles', () => {
    const text = 'A = B + "a.onnx"\nB = A + "b.onnx"\nInferenceSession(A)';
    expect(references('python', text)).toEqual([]);
  });

  it('stays calm with deep nesting', () => {
    const text = `x = ${'('.repeat(2000)}"m.onnx"${')'.repeat(2000)}`;
    expect(() => references('python', text)).not.toThrow();
  });
});

describe('TypeScript', () => {
  it('resolves addresses against the file', () => {
    const [found] = references('typescript', `new URL('./m.onnx', import.meta.url)`);
    expect(found).toBe('mention file:///project/src/m.onnx');
  });

  it('does not take a let for a constant', () => {
    const text = "let d = 'a'; d = 'b'; InferenceSession.create(`${d}/m.onnx`)";
    expect(references('typescript', text)).toEqual([]);
  });
});

describe('data files', () => {
  it('take a value below an output for something that is written', () => {
    expect(references('yaml', 'output:\n  path: a/m.onnx')).toEqual(['write a/m.onnx']);
    expect(references('json', '{"output": {"path": "a/m.onnx"}}')).toEqual(['write a/m.onnx']);
  });
});

describe('an edit', () => {
  it('gives what a fresh reading gives, wherever it is made', () => {
    const text =
      'from pathlib import Path\nD = Path("a")\n' +
      'def f(x):\n    return x\n'.repeat(50) +
      'InferenceSession(D / "m.onnx")\n';
    const edited = new SourceDocument('file:///f.py', '/f.py', 'python', 1, text);
    expect(edited.references).toHaveLength(1);
    for (let line = 1; line < 90; line += 7) {
      const at = { line, character: 0 };
      edited.update([{ range: { start: at, end: at }, text: `y = "n${line}.onnx"\n` }], line);
      const fresh = new SourceDocument('file:///f.py', '/f.py', 'python', 1, edited.text);
      expect(edited.references).toEqual(fresh.references);
    }
    expect(edited.references.length).toBeGreaterThan(5);
  });
});
