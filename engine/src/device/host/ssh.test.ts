import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../../ir/model';
import { readModelFile } from '../../onnx/read';
import { undisturbed } from '../../runtime/kernel-nodes';
import type { Host } from './host';
import { localHost } from './local';
import { sshHost, type SshOptions } from './ssh';
import type { Interpreters } from './ssh-command';
import { allowedCores, processesWith } from './testing/pinned';
import { sshIsInstalled, startSshd, type Sshd } from './testing/sshd';

const root = resolve(__dirname, '../../../..');

/** The Node of these tests always has the runtime, the machine's Python perhaps. */
const interpreters: Record<string, Interpreters> = { node: { node: process.execPath } };
const python = pythonWithRuntime();
if (python !== undefined) interpreters.python = { python };

function pythonWithRuntime(): string | undefined {
  const program = 'import onnxruntime, sys; print(sys.executable)';
  const { status, stdout } = spawnSync('python3', ['-c', program], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

describe.skipIf(!sshIsInstalled)(
  'a machine that is reached through ssh (needs ssh and sshd)',
  () => {
    let server: Sshd;
    let model: Model;
    beforeAll(async () => {
      server = await startSshd({ NODE_PATH: resolve(root, 'node_modules') });
      model = readModelFile(resolve(root, 'examples/fashion/models/fashion.onnx')).model;
    });
    afterAll(() => server.close());

    const connect = (options: SshOptions = {}): Promise<Host> =>
      sshHost(server.address, { config: server.config, retryMs: [10, 100, 1000], ...options });

    /** The agent ends a moment after a connection that was cut. */
    async function expectNothingLeft(): Promise<void> {
      for (let i = 0; i < 100 && readdirSync(server.temporary).length > 0; i++) await delay(50);
      expect(readdirSync(server.temporary)).toEqual([]);
    }

    describe.each(Object.entries(interpreters))('with %s', (_, interpreter) => {
      it('runs the kernels that this machine runs, and leaves nothing behind', async () => {
        const [here, there] = await Promise.all([localHost(), connect(interpreter)]);
        const options = { threads: 1, profile: true } as const;
        const sessions = await Promise.all([here, there].map((host) => host.open(model, options)));
        for (const session of sessions) {
          const { wallMs, cpuMs } = await session.time({ runs: 5, warmUp: 2 });
          expect([wallMs.length, cpuMs?.length]).toEqual([5, 5]);
          expect(Math.min(...wallMs)).toBeGreaterThan(0);
        }
        const [expected, found] = await Promise.all(sessions.map((session) => session.kernels()));
        for (const { times } of found) expect(times).toHaveLength(7);
        expect(readdirSync(server.temporary)).toHaveLength(1);
        const [local, remote] = [await here.describe(), await there.describe()];
        if (local.runtime.version === remote.runtime.version) {
          const shown = (kernels: typeof found) =>
            kernels.map(({ name, op, outputs }) => ({ name, op, outputs }));
          expect(shown(found)).toEqual(shown(expected));
        }
        const { architecture, cores, memoryBytes, instructions } = local;
        expect(remote).toMatchObject({ architecture, cores, memoryBytes, instructions });
        await Promise.all([here, there].map((host) => host.close()));
        await expectNothingLeft();
      });

      it('measures again what a dropped connection lost', async () => {
        const notes: string[] = [];
        const host = await connect({ ...interpreter, note: (message) => notes.push(message) });
        const session = await host.open(model, { threads: 1, profile: true });
        const first = await session.time({ runs: 4, warmUp: 1 });
        const runs = Math.ceil(120 / undisturbed(first.wallMs));
        const timing = session.time({ runs, warmUp: 0 });
        await delay(40);
        expect(server.drop()).toBe(1);
        expect((await timing).wallMs).toHaveLength(runs);
        expect(notes).toHaveLength(1);
        expect(notes[0]).toContain('was lost');
        // The recording holds what was measured before, too.
        for (const { times } of await session.kernels()) expect(times).toHaveLength(5 + runs);
        await host.close();
        await expectNothingLeft();
      });

      it('stops when it is cancelled', async () => {
        const cancel = new AbortController();
        const host = await connect(interpreter);
        const session = await host.open(model, { threads: 1, signal: cancel.signal });
        const timing = session.time({ runs: 10_000_000, warmUp: 0 });
        setTimeout(() => cancel.abort(), 50);
        await expect(timing).rejects.toThrow('abort');
        // Requests are served one after another, so that this is only answered when the runs have ended.
        expect(await host.describe()).toHaveProperty('cores');
        await host.close();
        await expectNothingLeft();
      });

      it('tells what the runtime there says of a model', async () => {
        const host = await connect(interpreter);
        const [node, ...others] = model.graph!.node;
        const wrong = { ...node, opType: 'Convolute' };
        const broken = { ...model, graph: { ...model.graph!, node: [wrong, ...others] } };
        await expect(host.open(broken, { threads: 1 })).rejects.toThrow(/Convolute/);
        await host.close();
      });
    });

    it.skipIf(process.platform !== 'linux')('keeps to the cores it is given', async () => {
      const core = parseInt(allowedCores() ?? '0');
      const host = await connect({ node: process.execPath, cores: [core] });
      const session = await host.open(model, { threads: 2 });
      await session.time({ runs: 2, warmUp: 0 });
      const there = processesWith(server.temporary).map(allowedCores);
      expect(there).toContain(String(core));
      await host.close();
    });

    it('gives up a connection that does not come back', async () => {
      const away = await startSshd({ NODE_PATH: resolve(root, 'node_modules') });
      const options = { config: away.config, node: process.execPath, retryMs: [1, 1] };
      const host = await sshHost(away.address, options);
      away.stop();
      await expect(host.describe()).rejects.toMatchObject({
        code: 'connection-lost',
        message: expect.stringContaining('Connection refused') as string,
      });
      await host.close();
      away.close();
    });

    it('says what to do when a login is not possible', async () => {
      await expect(connect({ config: server.strangerConfig })).rejects.toMatchObject({
        code: 'login-refused',
        message: expect.stringContaining('public key') as string,
      });
      await expect(connect({ config: server.ignorantConfig })).rejects.toMatchObject({
        code: 'host-key',
        message: expect.stringContaining('not known yet') as string,
      });
      await expect(connect({ python: '/nowhere/python3' })).rejects.toMatchObject({
        code: 'remote-runtime',
        message: expect.stringContaining('pip install') as string,
      });
      await expectNothingLeft();
    });
  },
);
