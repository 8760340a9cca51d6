import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { openZip } from './zip';

const folder = mkdtempSync(join(tmpdir(), 'coppice-zip-'));
const path = join(folder, 'a.zip');
afterAll(() => rmSync(folder, { recursive: true }));

function archiveOf(bytes: Uint8Array): ReturnType<typeof openZip> {
  writeFileSync(path, bytes);
  return openZip(path);
}

/** Position of the only entry in the directory of an archive. */
function entryAt(bytes: Uint8Array): number {
  return Buffer.from(bytes).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
}

describe('openZip', () => {
  it('reads what another library wrote, stored or deflated, whole or by range', async () => {
    const names = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8})?$/);
    const files = fc.dictionary(names, fc.uint8Array({ maxLength: 300 }), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.constantFrom(0, 9), async (contents, level) => {
        const flat = Object.fromEntries(Object.entries(contents));
        const archive = archiveOf(zipSync(flat, { level: level as 0 | 9 }));
        expect(archive.members.map((member) => member.name).sort()).toEqual(
          Object.keys(flat).sort(),
        );
        for (const member of archive.members) {
          expect([...archive.read(member)]).toEqual([...flat[member.name]]);
          const source = await archive.open(member);
          expect([...source.read(0, source.size)]).toEqual([...flat[member.name]]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a member that claims more than deflate can hold', () => {
    const bytes = zipSync({ bomb: new Uint8Array(1000) });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(entryAt(bytes) + 24, 0xfffffff0, true);
    expect(() => archiveOf(bytes)).toThrow(/"bomb" claims 4294967280 bytes, which cannot be/);
  });

  it('stops inflating where the announced size ends', async () => {
    const bytes = zipSync({ bomb: new Uint8Array(1_000_000) });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(entryAt(bytes) + 24, 1000, true);
    const archive = archiveOf(bytes);
    expect(() => archive.read(archive.members[0])).toThrow('a.zip: bomb: its compressed data');
    await expect(archive.open(archive.members[0])).rejects.toThrow(
      'a.zip: bomb: its compressed data',
    );
  });

  it('answers damaged archives with an error that names them, and nothing else', async () => {
    const whole = zipSync({ 'a/b.txt': new Uint8Array(500).fill(65), c: Uint8Array.of(1, 2, 3) });
    const damage = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255), cut: fc.nat(40) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, to, cut }) => {
        const bytes = whole.slice(0, cut === 0 ? whole.length - (at % 60) : whole.length);
        if (at < bytes.length) bytes[at] = to;
        try {
          const archive = archiveOf(bytes);
          for (const member of archive.members) {
            archive.read(member);
            await archive.open(member);
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'CoppiceError' });
          expect((error as Error).message).toContain(path);
        }
      }),
      { numRuns: 300 },
    );
  });
});
