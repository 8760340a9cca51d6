import { expect, test } from 'vitest';
import { commands } from '.';

test.each(commands)('no two flags of $name have one name', ({ flags }) => {
  const names = flags.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
