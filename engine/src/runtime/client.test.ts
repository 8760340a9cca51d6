import { spawn, fork } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataTypeName, TypedArray } from '../ir/data-type';
import { parseModel } from '../onnx/text/parse';
import { encodeModel } from '../onnx/write';
import { startRuntime } from './client';
import type { Reply } from './protocol';
import type { NamedTensor, Runtime } from './runtime';

const models = resolve('../shared/models');
const hasModels = existsSync(models);
const folder = mkdtempSync(join(tmpdir(), 'coppice-runtime-'));
let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

/** The bytes of a model in ONNX text. */
function model(graph: string, header = 'ir_version: 8, opset_import: ["" : 13]'): Uint8Array {
  const { model: parsed, issues } = parseModel(`<${header}>\n${graph}`);
  expect(issues.filter((issue) => issue.severity === 'error')).toEqual([]);
  return encodeModel(parsed);
}

const twoByTwo = (data: readonly number[]): NamedTensor => ({
  type: 'float',
  dims: [2, 2],
  data: Float32Array.from(data),
});

const square = model(`g (float[2,2] a, float[2,2] b) => (float[2,2] sum, float[2,2] product) {
  sum = Add(a, b)
  product = MatMul(a, b)
}`);

/** Long enough to be interrupted. */
const slow = model(`g (float[512,512] a) => (float[512,512] y) {
  b = MatMul(a, a)
  y = MatMul(b, b)
}`);
const slowFeeds = {
  a: { type: 'float', dims: [512, 512], data: new Float32Array(2 ** 18) },
} as const;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function endOf(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((done) => setTimeout(done, 20));
}

describe('a session', () => {
  it('says which runtime it is', () => {
    expect(runtime.name).toMatch(/^onnxruntime-node \d+\.\d+\.\d+ \(cpu\)$/);
  });

  it('runs several inputs and gives the outputs that are asked for', async () => {
    const session = await runtime.open(square);
    expect(session.inputs.map((input) => input.name)).toEqual(['a', 'b']);
    expect(session.outputs).toEqual(['sum', 'product']);
    const feeds = { a: twoByTwo([1, 2, 3, 4]), b: twoByTwo([5, 6, 7, 8]) };
    const all = await session.run(feeds);
    expect([...(all.sum.data as Float32Array)]).toEqual([6, 8, 10, 12]);
    expect([...(all.product.data as Float32Array)]).toEqual([19, 22, 43, 50]);
    expect(Object.keys(await session.run(feeds, ['product']))).toEqual(['product']);
    await session.close();
    await expect(session.run(feeds)).rejects.toThrow(
      'the model in memory: Its session has been closed',
    );
  });

  const samples: readonly (readonly [DataTypeName, TypedArray])[] = [
    ['float', Float32Array.of(1.5, -0, Infinity, NaN)],
    ['double', Float64Array.of(Math.PI, -1e300, 0)],
    ['float16', Float32Array.of(0.5, -65504, Infinity, 2 ** -24, NaN)],
    ['int8', Int8Array.of(-128, 127)],
    ['uint8', Uint8Array.of(0, 255)],
    ['int16', Int16Array.of(-32768, 32767)],
    ['uint16', Uint16Array.of(65535)],
    ['int32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    ['uint32', Uint32Array.of(2 ** 32 - 1)],
    ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['uint64', BigUint64Array.of(2n ** 64n - 1n)],
    ['bool', Uint8Array.of(0, 1)],
  ];
  it.each(samples)('passes %s in and out', async (type, data) => {
    const session = await runtime.open(
      model(`g (${type}[N] x) => (${type}[N] y) { y = Identity(x) }`),
    );
    expect(session.inputs).toEqual([{ name: 'x', type, dims: ['N'] }]);
    const { y } = await session.run({ x: { type, dims: [data.length], data } });
    expect(y).toEqual({ type, dims: [data.length], data });
  });

  it('passes floats of any value and number unchanged', async () => {
    const session = await runtime.open(model('g (float[N] x) => (float[N] y) { y = Identity(x) }'));
    await fc.assert(
      fc.asyncProperty(fc.float32Array({ maxLength: 50 }), async (data) => {
        const { y } = await session.run({ x: { type: 'float', dims: [data.length], data } });
        expect(y.data).toEqual(data);
      }),
      { numRuns: 50 },
    );
  });

  it('reads what was kept, under other dimensions as well, until it is released', async () => {
    const session = await runtime.open(model('g (float[N,M] x) => (float[N,M] y) { y = Neg(x) }'));
    const data = Float32Array.from({ length: 90_000 }, Math.sin);
    const { large } = await runtime.keep({ large: { type: 'float', dims: [300, 300], data } });
    const { y } = await session.keep({ x: large });
    expect(y).toMatchObject({ type: 'float', dims: [300, 300] });
    const again = await session.run({ x: { ...y, dims: [100, 900] } });
    expect(again.y).toEqual({ type: 'float', dims: [100, 900], data });
    await runtime.release([large, y]);
    await expect(session.run({ x: y })).rejects.toThrow('Its input "x" has been released.');
    await session.close();
  });

  it('says that bfloat16 cannot leave the runtime', async () => {
    const bytes = model('g (bfloat16[N] x) => (bfloat16[N] y) { y = Identity(x) }');
    await expect(runtime.open(bytes)).rejects.toThrow('bfloat16, which cannot be passed');
  });

  it.skipIf(!hasModels)(
    'opens bytes with external data, given their folder (needs ../shared)',
    async () => {
      const bytes = readFileSync(join(models, 'resnet56-cifar10-bn-extdata.onnx'));
      const session = await runtime.open(bytes, { directory: models });
      expect(session.outputs).toEqual(['logits']);
      await expect(runtime.open(bytes, { label: 'r56' })).rejects.toThrow(
        /^r56: External data path/,
      );
    },
  );
});

describe('errors of the runtime', () => {
  it('name the model, and say when it is no model at all', async () => {
    const text = new TextEncoder().encode('hello');
    await expect(runtime.open(text, { label: 'a.onnx' })).rejects.toMatchObject({
      name: 'CoppiceError',
      message:
        'a.onnx: It is not a readable ONNX model: the file is damaged, cut off, or of another format.',
    });
    await expect(runtime.open(new Uint8Array())).rejects.toThrow('not a readable ONNX model');
    await expect(runtime.open(square.subarray(0, square.length - 9))).rejects.toThrow('readable');
    await expect(runtime.open(join(folder, 'none.onnx'))).rejects.toThrow(
      `${join(folder, 'none.onnx')}: There is no such file.`,
    );
  });

  it('say which version the runtime lacks', async () => {
    const graph = 'g (float[N] x) => (float[N] y) { y = Identity(x) }';
    const opset = model(graph, 'ir_version: 8, opset_import: ["" : 99]');
    await expect(runtime.open(opset)).rejects.toThrow(
      /It needs opset 99 of ai.onnx, but this .* up to \d+/,
    );
    const ir = model(graph, 'ir_version: 99, opset_import: ["" : 13]');
    await expect(runtime.open(ir)).rejects.toThrow(/It has IR version 99, but .* reads up to \d+/);
  });

  it('keep the name of the node and drop source locations', async () => {
    const reshape = model(`g (float[N] x, int64[M] shape) => (y) {
      [the_reshape] y = Reshape(x, shape)
    }`);
    const session = await runtime.open(reshape);
    const x = { type: 'float', dims: [3], data: new Float32Array(3) } as const;
    const shape = { type: 'int64', dims: [2], data: BigInt64Array.of(2n, 2n) } as const;
    const error = await session.run({ x, shape }).catch((reason: Error) => reason);
    expect((error as Error).message).toMatch(/the_reshape/);
    expect((error as Error).message).not.toMatch(/\.(cc|h):\d+/);
    // The session still works.
    shape.data.set([3n, 1n]);
    expect((await session.run({ x, shape })).y.dims).toEqual([3, 1]);
  });

  it('name the input whose value does not fit', async () => {
    const session = await runtime.open(square, { label: 'square' });
    const wrong = { type: 'float', dims: [2, 3], data: new Float32Array(6) } as const;
    await expect(session.run({ a: wrong, b: wrong })).rejects.toThrow(/^square: .*input: [ab]/);
    await expect(session.run({ a: twoByTwo([1]), b: wrong })).rejects.toThrow(
      'square: The tensor for "a" has 1 elements, but its dimensions [2, 2] need 4.',
    );
  });
});

describe('cancelling', () => {
  it('rejects with the reason at once, and the session goes on working', async () => {
    const session = await runtime.open(slow);
    const controller = new AbortController();
    const endless = session.time(slowFeeds, { warmUp: 0, runs: 10_000_000 }, controller.signal);
    const waiting = session.run(slowFeeds, undefined, controller.signal);
    controller.abort(new Error('enough'));
    await expect(endless).rejects.toThrow('enough');
    await expect(waiting).rejects.toThrow('enough');
    expect((await session.run(slowFeeds)).y.dims).toEqual([512, 512]);
    await expect(session.run(slowFeeds, undefined, controller.signal)).rejects.toThrow('enough');
  });

  it('of the runtime itself ends the process', async () => {
    const controller = new AbortController();
    const other = await startRuntime({ signal: controller.signal });
    const session = await other.open(slow);
    const endless = session.time(slowFeeds, { warmUp: 0, runs: 10_000_000 });
    controller.abort(new Error('enough'));
    await expect(endless).rejects.toThrow('enough');
    await expect(other.open(slow)).rejects.toThrow('enough');
    await endOf(other.pid!);
    await expect(startRuntime({ signal: controller.signal })).rejects.toThrow('enough');
  });
});

describe('the child process', () => {
  it('may die without taking the parent along', async () => {
    const other = await startRuntime();
    const session = await other.open(slow, { label: 'slow.onnx' });
    const endless = session.time(slowFeeds, { warmUp: 0, runs: 10_000_000 });
    process.kill(other.pid!, 'SIGKILL');
    await expect(endless).rejects.toMatchObject({
      code: 'runtime-crashed',
      message: expect.stringMatching(
        /^slow\.onnx: .*ended unexpectedly \(signal SIGKILL\)/,
      ) as string,
    });
    await expect(session.run(slowFeeds)).rejects.toMatchObject({ code: 'runtime-crashed' });
    await session.close();
    await other.close();
  });

  it('leaves Ctrl-C, which reaches the whole group of a terminal, to its parent', async () => {
    const other = await startRuntime();
    const session = await other.open(slow);
    process.kill(other.pid!, 'SIGINT');
    await expect(session.run(slowFeeds)).resolves.toBeDefined();
    await other.close();
  });

  it('ends when it is closed, whatever it is doing', async () => {
    const other = await startRuntime();
    const session = await other.open(slow);
    const endless = session.time(slowFeeds, { warmUp: 0, runs: 10_000_000 });
    const rejected = expect(endless).rejects.toThrow('The runtime has been closed.');
    await other.close();
    await rejected;
    expect(isAlive(other.pid!)).toBe(false);
    await expect(other.open(slow)).rejects.toMatchObject({ code: 'runtime-closed' });
  });

  /** A program that starts a runtime and says the number of its process. */
  function parent(ending: string): ReturnType<typeof spawn> {
    const script = join(folder, 'parent.ts');
    const client = JSON.stringify(resolve('engine/src/runtime/client.ts'));
    writeFileSync(
      script,
      `import { startRuntime } from ${client};
       void startRuntime().then((runtime) => { console.log(runtime.pid); ${ending} });`,
    );
    return spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async function firstLine(child: ReturnType<typeof spawn>): Promise<number> {
    return new Promise((done) => child.stdout?.once('data', (text: Buffer) => done(Number(text))));
  }

  it('ends when its parent is killed', async () => {
    const child = parent('setInterval(() => undefined, 1000);');
    const pid = await firstLine(child);
    expect(pid).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await endOf(pid);
  });

  it('does not keep an idle parent alive', async () => {
    const child = parent('');
    const exit = new Promise((done) => child.once('exit', done));
    const pid = await firstLine(child);
    expect(await exit).toBe(0);
    await endOf(pid);
  });

  it.skipIf(process.platform !== 'linux')('leaves no large tensors behind', async () => {
    const other = await startRuntime();
    const arguments_ = readFileSync(`/proc/${other.pid}/cmdline`, 'utf8').split('\0');
    const exchange = arguments_.find((each) => /coppice-\w+$/.test(each))!;
    const session = await other.open(slow);
    const controller = new AbortController();
    const runs = [1, 2, 3].map(() => session.run(slowFeeds, undefined, controller.signal));
    controller.abort(new Error('enough'));
    await Promise.allSettled(runs);
    const { y } = await session.run(slowFeeds);
    expect(y.data).toHaveLength(2 ** 18);
    expect(readdirSync(exchange)).toEqual([]);
    void session.run(slowFeeds).catch(() => undefined);
    process.kill(other.pid!, 'SIGKILL');
    await other.close();
    expect(existsSync(exchange)).toBe(false);
  });

  it('says so where the native package is missing', async () => {
    copyFileSync(resolve('dist/runtime-worker.js'), join(folder, 'runtime-worker.js'));
    const child = fork(join(folder, 'runtime-worker.js'), {
      serialization: 'advanced',
      execArgv: [],
    });
    const reply = new Promise<Reply>((done) =>
      child.once('message', (message: Reply) => done(message)),
    );
    child.send({ id: 1, kind: 'hello', argument: {} });
    expect(await reply).toMatchObject({
      failure: {
        code: 'runtime-missing',
        message: expect.stringContaining('Install the package onnxruntime-node') as string,
      },
    });
    child.disconnect();
    await new Promise((done) => child.once('exit', done));
  });
});
