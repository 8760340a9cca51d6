import { expect, it } from 'vitest';
import { main } from '../main';

it.each([
  [['--id', '../elsewhere'], '--id is made of'],
  [['--threads', '0'], 'whole numbers'],
  [['--on', 'board'], 'ssh://user@host'],
  [['--cores', 'all'], '--cores takes'],
  [['--install'], '--install needs --on'],
])('coppice calibrate %s is bad usage', async (args, words) => {
  const notes: string[] = [];
  const code = await main(['calibrate', ...args], {
    result: () => undefined,
    note: (text) => void notes.push(text),
    progress: () => undefined,
    settle: () => undefined,
    width: 100,
  });
  expect([code, notes]).toEqual([2, [expect.stringContaining(words)]]);
});
