import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loginCommand, nameOf, parseSshAddress } from './ssh-address';

describe('an address', () => {
  it.each([
    ['ssh://pi@raspberrypi.local', { user: 'pi', host: 'raspberrypi.local' }],
    ['ssh://board', { host: 'board' }],
    ['ssh://pi@10.0.0.7:2222/', { user: 'pi', host: '10.0.0.7', port: 2222 }],
    ['ssh://pi@[fe80::1%eth0]:22', { user: 'pi', host: 'fe80::1%eth0', port: 22 }],
  ])('%s is read', (text, expected) => {
    expect(parseSshAddress(text)).toEqual(expected);
  });

  it.each([
    'pi@board',
    'ssh://',
    'ssh://-oProxyCommand=id',
    'ssh://pi@-oProxyCommand=id',
    'ssh://-l@board',
    'ssh://board:0',
    'ssh://board:70000',
    'ssh://board/path',
    'ssh://board;id',
    'ssh://$(id)@board',
  ])('%s is refused', (text) => {
    expect(() => parseSshAddress(text)).toThrow(/no address/);
  });

  it('never holds a password, nor does the message about one', () => {
    expect(() => parseSshAddress('ssh://pi:secret@board')).toThrow(/^(?!.*secret).*password/);
  });

  it('never becomes an option or a command of a shell', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii' }),
        fc.string({ unit: 'binary-ascii' }),
        (user, host) => {
          try {
            const address = parseSshAddress(`ssh://${user}@${host}`);
            expect(`${address.user} ${address.host}`).toMatch(
              /^[A-Za-z0-9_][\w.-]* [\w[][\w.:%-]*$/,
            );
          } catch (error) {
            expect(error).toMatchObject({ code: 'usage' });
          }
        },
      ),
    );
  });

  it('is shown as people write it', () => {
    const address = parseSshAddress('ssh://pi@[fe80::1]:2222');
    expect(nameOf(address)).toBe('pi@[fe80::1]:2222');
    expect(loginCommand(address)).toBe('ssh -p 2222 pi@fe80::1');
  });
});
