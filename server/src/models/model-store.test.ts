/** The store never waits, reads what is looked at first, and notices when a file changes. */

import { cpSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleModel, folderWith } from '../../testing/workspace-folder';
import { ModelStore } from './model-store';
import { perform, type ModelTask } from './model-task';
import type { ModelThread } from './model-thread';

/** Does the real work, in this thread, and notes the order. */
function threadWithLog(log: string[]): ModelThread {
  return {
    run: async (task: ModelTask) => {
      await new Promise(setImmediate);
      if (task.kind === 'read') log.push(task.path);
      return perform(task) as never;
    },
    close: () => undefined,
  };
}

describe('the model store', () => {
  it('knows a model only after it was read, and reads it once', async () => {
    const folder = folderWith({ 'a.onnx': null });
    const path = join(folder, 'a.onnx');
    const log: string[] = [];
    const store = new ModelStore(threadWithLog(log), () => undefined);
    expect(store.look(path)).toEqual({ kind: 'reading', reading: undefined });
    expect(store.look(path).kind).toBe('reading');
    expect((await store.read(path)).inspection?.totals.params).toBe(170_202);
    expect(store.look(path).kind).toBe('known');
    expect(log).toEqual([path]);
  });

  it('reads what is looked at before what is only listed', async () => {
    const folder = folderWith({ 'a.onnx': null, 'b.onnx': null, 'c.onnx': null });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, `${name}.onnx`));
    const log: string[] = [];
    await new Promise<void>((done) => {
      const idle = (path: string | undefined): void => (path === undefined ? done() : undefined);
      const store = new ModelStore(threadWithLog(log), idle);
      store.look(a, 'later');
      store.look(b, 'later');
      store.look(c, 'first');
    });
    expect(log).toEqual([a, c, b]);
  });

  it('keeps what it knew of a file while it reads it again', async () => {
    const folder = folderWith({ 'a.onnx': null });
    const path = join(folder, 'a.onnx');
    const store = new ModelStore(threadWithLog([]), () => undefined);
    await store.read(path);
    writeFileSync(path, 'no model any more');
    const state = store.look(path);
    expect(state.kind === 'reading' && state.reading?.inspection?.totals.params).toBe(170_202);
    expect((await store.read(path)).inspection).toBeUndefined();
    cpSync(exampleModel, path);
    utimesSync(path, 1, 1);
    expect((await store.read(path)).problem).toBeUndefined();
  });

  it('says of a file that is not there that it is missing', async () => {
    const store = new ModelStore(threadWithLog([]), () => undefined);
    expect(store.look('/nowhere/x.onnx')).toEqual({ kind: 'missing' });
    expect((await store.read('/nowhere/x.onnx')).problem).toContain('/nowhere/x.onnx');
  });
});
