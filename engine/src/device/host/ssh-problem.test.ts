import { describe, expect, it } from 'vitest';
import { ConnectionLost, problemOf } from './ssh-problem';

const address = { host: 'board', user: 'pi' };

describe('what ssh says at its end', () => {
  it('is worth another attempt where the network is the reason', () => {
    const words = 'ssh: connect to host board port 22: No route to host';
    expect(problemOf(address, 255, words)).toBeInstanceOf(ConnectionLost);
    expect(problemOf(address, 255, words).message).toContain('No route to host');
    expect(problemOf(address, 0, '')).toBeInstanceOf(ConnectionLost);
  });

  it('is not where somebody else may be answering, or where the program there was killed', () => {
    const changed = problemOf(address, 255, 'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!');
    expect(changed).toMatchObject({ code: 'host-key' });
    expect(changed.message).toContain('ssh-keygen -R board');
    const killed = problemOf(address, 137, '');
    expect(killed).toMatchObject({ code: 'runtime-crashed' });
    expect(killed.message).toContain('out of memory');
  });

  it('cannot steer the terminal', () => {
    expect(problemOf(address, 255, '\u001b[2Jgone').message).not.toContain('\u001b');
  });
});
