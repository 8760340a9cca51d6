import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { inspect } from '../inspect/inspect';
import type { Model } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { benchmark } from './benchmark';
import type { Host, HostDescription, HostSession } from './host/host';
import { localHost } from './host/local';
import { allowedCores, processesWith } from './host/testing/pinned';

let model: Model;
beforeAll(() => {
  model = readModelFile(resolve(__dirname, '../../../examples/fashion/models/fashion.onnx')).model;
});

const idle: HostDescription = {
  processor: 'Cortex-A72',
  architecture: 'arm64',
  cores: 4,
  memoryBytes: 2 ** 32,
  instructions: [],
  runtime: { name: 'onnxruntime', version: '1.30.0' },
  governor: 'performance',
  load: 0,
  celsius: 50,
};

/** Gives the times of a list, over and over, and counts what is open. */
function scriptedHost(times: readonly number[], machine = idle) {
  const log = { timed: 0, warmedUp: 0, open: 0 };
  const host: Host = {
    name: 'a script',
    describe: async () => machine,
    open: async () => {
      log.open++;
      const session: HostSession = {
        time: async ({ runs, warmUp }) => {
          const wallMs = Float64Array.from(
            { length: runs },
            () => times[log.timed++ % times.length],
          );
          log.warmedUp += warmUp;
          return { wallMs, cpuMs: wallMs };
        },
        kernels: async () => [],
        close: async () => void log.open--,
      };
      return session;
    },
    close: async () => undefined,
  };
  return { host, log };
}

describe('a benchmark', () => {
  it('gives percentiles of exactly the runs that were asked for', async () => {
    const { host, log } = scriptedHost([5, ...Array.from({ length: 101 }, (_, i) => 1 + i / 100)]);
    const found = await benchmark(host, model, { runs: 101, warmUp: 3 });
    expect(found).toMatchObject({ runs: 101, warmUp: 3, threads: 1, layers: [], restMs: null });
    const { minMs, p10Ms, medianMs, p90Ms, p99Ms, cpuMs } = found;
    const expected = [1, 1.1, 1.5, 1.9, 1.99, 1.5];
    for (const [i, ms] of [minMs, p10Ms, medianMs, p90Ms, p99Ms, cpuMs!].entries()) {
      expect(ms).toBeCloseTo(expected[i], 9);
    }
    // The first run says how many fit, and belongs to the warm-up.
    expect(log).toEqual({ timed: 102, warmedUp: 2, open: 0 });
  });

  it('runs as often as fits ten seconds', async () => {
    const runsOf = async (ms: number) => (await benchmark(scriptedHost([ms]).host, model)).runs;
    expect(await runsOf(0.1)).toBe(200);
    expect(await runsOf(100)).toBe(100);
    expect(await runsOf(60_000)).toBe(10);
  });

  it('closes its sessions when a measurement fails', async () => {
    const { host, log } = scriptedHost([1]);
    const failing: Host = {
      ...host,
      open: async (...given) => ({
        ...(await host.open(...given)),
        time: () => Promise.reject(new Error('away')),
      }),
    };
    await expect(benchmark(failing, model, { layers: true })).rejects.toThrow('away');
    expect(log.open).toBe(0);
  });

  it('says nothing of a machine that is idle and steady', async () => {
    expect((await benchmark(scriptedHost([1]).host, model)).warnings).toEqual([]);
  });

  it.each([
    ['busy', { load: 3 }, [1], 1],
    ['share 4 cores', {}, [1], 8],
    ['scatter', {}, [1, 2], 1],
    ['governor "ondemand"', { governor: 'ondemand' }, [1], 1],
    ['85 °C', { celsius: 85 }, [1], 1],
  ])('warns: %s', async (words, machine, times, threads) => {
    const { host } = scriptedHost(times, { ...idle, ...machine });
    const { warnings } = await benchmark(host, model, { threads });
    expect(warnings).toEqual([expect.stringContaining(words)]);
  });

  it('times every layer on this machine', async () => {
    const host = await localHost();
    try {
      const found = await benchmark(host, model, { runs: 10, layers: true });
      const layers = inspect(model, { path: '' }).layers.map(({ name, op }) => ({ name, op }));
      expect(found.layers.map(({ name, op }) => ({ name, op }))).toEqual(layers);
      for (const { ms, kernel, fusedInto } of found.layers) {
        expect([ms !== null && kernel !== null, fusedInto !== null]).toContain(true);
      }
      expect(found.restMs).toBeGreaterThanOrEqual(0);
      expect(found.machine.runtime).toMatch(/^onnxruntime \d/);
    } finally {
      await host.close();
    }
  });

  it.skipIf(process.platform !== 'linux')('keeps to the cores it is given', async () => {
    const core = parseInt(allowedCores() ?? '0');
    const mark = randomUUID();
    vi.stubEnv('COPPICE_TEST_MARK', mark);
    const host = await localHost({ cores: [core] });
    vi.unstubAllEnvs();
    const [own] = processesWith(mark);
    expect(allowedCores(own)).toBe(String(core));
    const found = await benchmark(host, model, { runs: 10 });
    expect(found).toMatchObject({ threads: 1, cores: [core] });
    await host.close();
    await expect(localHost({ cores: [1023] })).rejects.toMatchObject({ code: 'cores' });
  });

  it('is cancelled', async () => {
    const cancel = new AbortController();
    const host = await localHost({ signal: cancel.signal });
    const running = benchmark(host, model, { runs: 10_000_000, signal: cancel.signal });
    setTimeout(() => cancel.abort(), 100);
    await expect(running).rejects.toThrow('abort');
    await host.close();
  });
});
