import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { greeting, remoteCommand, sshArguments, withoutRuntime } from './ssh-command';

describe('the command on the other side', () => {
  const forms = [{}, { install: true }, { python: '~/my env/bin/python3' }, { node: 'node' }];

  it('reads the same in every shell: words in single quotes, with nothing in them that any replaces', () => {
    for (const form of forms) {
      const words = /^exec sh -c ('[^'\\!\n]*' ?)+$/;
      expect(remoteCommand(form)).toMatch(words);
    }
  });

  it('asks ssh for nothing but the host after the options', () => {
    const given = sshArguments({ host: 'board', user: 'pi', port: 2222 }, 'true');
    expect(given.slice(-7)).toEqual(['-p', '2222', '-l', 'pi', '--', 'board', 'true']);
    expect(given).toContain('BatchMode=yes');
  });

  const run = (command: string) =>
    spawnSync('sh', ['-c', command], { input: '', encoding: 'utf8' });

  it('says that there is no runtime, and only then', () => {
    expect(run(remoteCommand({ python: '/nowhere/python3' })).status).toBe(withoutRuntime);
    const found = run(remoteCommand({ node: process.execPath }));
    expect(found.stdout.trim()).toBe(`${greeting} node`);
    expect(found.status).toBe(1);
  });

  it('takes no path that a shell would read as more than a path', () => {
    for (const python of ['$(id)', '`id`', "a'b", 'a"b', 'a;b', '-c', 'a\nb', 'a\\b']) {
      expect(() => remoteCommand({ python })).toThrow(/no path/);
    }
  });
});
