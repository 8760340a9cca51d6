/** Advice is worked out when nothing more urgent is going on, once for each state of a file. */

import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelAdvice } from '#protocol/inspection';
import { folderWith } from '../../testing/workspace-folder';
import { AdviceStore } from './advice-store';
import type { ModelTask } from './model-task';
import type { ModelThread } from './model-thread';

const advice: ModelAdvice = {
  layers: [{ layer: 'conv1', kind: 'leave', reason: 'a test' }],
  note: null,
};

function threadOf(answer: (task: ModelTask) => Promise<ModelAdvice>, log: string[]): ModelThread {
  return {
    run: async (task: ModelTask) => {
      log.push('path' in task ? task.path : '');
      return (await answer(task)) as never;
    },
    close: () => log.push('closed'),
  };
}

const soon = () => new Promise((done) => setTimeout(done, 20));

describe('the advice store', () => {
  it('waits until it is free, asks once, and lets the thread go', async () => {
    const path = join(folderWith({ 'a.onnx': null }), 'a.onnx');
    const log: string[] = [];
    let free = false;
    const store = new AdviceStore(
      threadOf(async () => advice, log),
      () => free,
      (each) => log.push(`known ${each}`),
    );
    expect(store.look(path)).toBeUndefined();
    await soon();
    expect(log).toEqual([]);
    free = true;
    store.resume();
    await soon();
    expect(store.look(path)?.layers.get('conv1')).toEqual(advice.layers[0]);
    expect(log).toEqual([path, `known ${path}`, 'closed']);
  });

  it('keeps what it said of a file while it looks at it again', async () => {
    const path = join(folderWith({ 'a.onnx': null }), 'a.onnx');
    const log: string[] = [];
    const store = new AdviceStore(
      threadOf(async () => advice, log),
      () => true,
      () => undefined,
    );
    store.look(path);
    await soon();
    utimesSync(path, 1, 1);
    expect(store.look(path)?.layers.size).toBe(1);
    await soon();
    expect(log.filter((each) => each === path)).toHaveLength(2);
  });

  it('says why there is none where the thread failed, and nothing of what is not there', async () => {
    const path = join(folderWith({ 'a.onnx': null }), 'a.onnx');
    const failing = threadOf(() => Promise.reject(new Error('too slow')), []);
    const store = new AdviceStore(
      failing,
      () => true,
      () => undefined,
    );
    store.look(path);
    await soon();
    expect(store.look(path)).toMatchObject({ note: 'too slow' });
    expect(store.look('/nowhere/x.onnx')).toBeUndefined();
  });
});
