/**
 * The child process in which models run: the one place that loads `onnxruntime-node`. Requests are
 * served one after another; the process ends with its parent.
 */

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { CoppiceError } from '../ir/issue';
import { summarize } from './histogram';
import { kernelsOf, type Kernel } from './kernels';
import { fromOrt, toOrt, typeOf } from './ort-tensor';
import type {
  Cancellation,
  Failure,
  Kind,
  Reply,
  Request,
  Requests,
  Results,
  RunRequest,
} from './protocol';
import type { KeptTensor, KeptTensors, RunTimes, SessionOptions } from './runtime';
import {
  discard,
  pack,
  removeExchangeFolder,
  unpack,
  type Parcel,
  type Tensors,
} from './tensor-exchange';

let loaded: typeof Ort | undefined;
let lastSession = 0;
const sessions = new Map<number, Ort.InferenceSession>();
/** Of sessions that are being recorded: how the name of the file with the profile begins. */
const profiles = new Map<number, string>();
const cancelled = new Set<number>();
let lastKept = 0;
const keptTensors = new Map<number, Ort.Tensor>();

/** Requests in the order in which they came; ends when all of them are answered. */
let queue: Promise<void> = Promise.resolve();

/** Where large tensors pass; whichever process lives longer removes it. */
const exchange = process.argv[2] ?? '';

process.on('disconnect', () => {
  if (exchange) removeExchangeFolder(exchange);
  process.exit(0);
});
// Ctrl-C reaches every process of a terminal's group; the parent decides what it means.
process.on('SIGINT', () => undefined);
process.on('message', (message: Request | Cancellation) => {
  if (message.kind === 'cancel') {
    cancelled.add(message.id);
    return;
  }
  queue = queue.then(() => serve(message));
});

async function serve(request: Request): Promise<void> {
  if (!cancelled.has(request.id)) reply(await answer(request));
  else discardFeeds(request);
  cancelled.delete(request.id);
}

function discardFeeds({ argument }: Request): void {
  if ('feeds' in argument) discard(argument.feeds);
  if ('model' in argument && typeof argument.model !== 'string') discard(argument.model);
}

async function answer(request: Request): Promise<Reply> {
  const { id } = request;
  try {
    const handler = handlers[request.kind] as Handler<Kind>;
    return { id, result: await handler(request.argument, id) };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

/** A parent that is already gone cannot be told; the disconnect event ends the process. */
function reply(message: Reply): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof CoppiceError ? error.code : 'runtime', message };
}

type Handler<K extends Kind> = (argument: Requests[K], id: number) => Promise<Results[K]>;

const handlers: { [K in Kind]: Handler<K> } = {
  hello: async () => ({ name: `onnxruntime-node ${ort().env.versions.node ?? ''} (cpu)` }),
  open,
  run: async (request) => parcel(await run(request)),
  keep: async (request) => keep(await run(request)),
  divide: async ({ stay, outputs = [], ...request }) => {
    const made = await run({ ...request, outputs: [...outputs, ...stay] });
    const only = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, made[name]]));
    return { given: parcel(only(outputs)), kept: keep(only(stay)) };
  },
  read: async ({ kept }) => parcel(Object.fromEntries(Object.entries(kept).map(keptTensor))),
  put: async ({ feeds }) => keep(tensors(feeds)),
  release: async ({ kept }) => {
    for (const each of kept) {
      // Memory of a GPU is not collected.
      keptTensors.get(each)?.dispose();
      keptTensors.delete(each);
    }
    return undefined;
  },
  summarize: async ({ session, feeds, outputs, bins }) => {
    const results = await find(session).run(tensors(feeds), outputs);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => {
        if (data instanceof Float32Array) return [name, summarize(data, bins)];
        throw new CoppiceError('value-type', `Its value "${name}" is not float32.`);
      }),
    );
  },
  time,
  kernels: async ({ session }) => endProfile(session),
  close: async ({ session }) => {
    if (profiles.has(session)) endProfile(session);
    await sessions.get(session)?.release();
    sessions.delete(session);
    return undefined;
  },
};

function run({
  session,
  feeds,
  kept,
  outputs,
}: RunRequest): Promise<Ort.InferenceSession.ReturnType> {
  const model = find(session);
  const given = { ...tensors(feeds), ...Object.fromEntries(Object.entries(kept).map(keptTensor)) };
  return model.run(given, outputs ?? model.outputNames);
}

function parcel(made: Readonly<Record<string, Ort.Tensor>>): Parcel {
  const results = Object.entries(made).map(([name, tensor]) => [name, fromOrt(name, tensor)]);
  return pack(exchange, Object.fromEntries(results) as Tensors);
}

function keptTensor([name, { kept, dims }]: [string, KeptTensor]): [string, Ort.Tensor] {
  const found = keptTensors.get(kept);
  if (!found) throw new CoppiceError('tensor-released', `Its input "${name}" has been released.`);
  const same = found.dims.length === dims.length && dims.every((dim, i) => dim === found.dims[i]);
  return [name, same ? found : found.reshape(dims)];
}

function keep(made: Readonly<Record<string, Ort.Tensor>>): KeptTensors {
  const kept = Object.entries(made).map(([name, tensor]): [string, KeptTensor] => {
    keptTensors.set(++lastKept, tensor);
    return [name, { type: typeOf(tensor.type, name), dims: tensor.dims, kept: lastKept }];
  });
  return Object.fromEntries(kept);
}

async function open({ model, options }: Requests['open']): Promise<Results['open']> {
  const id = ++lastSession;
  const profile = `profile-${id}_`;
  const settings = {
    ...sessionSettings(options),
    ...(options.profile
      ? { enableProfiling: true, profileFilePrefix: join(exchange, profile) }
      : {}),
  };
  const { InferenceSession } = ort();
  const made =
    typeof model === 'string'
      ? await InferenceSession.create(model, settings)
      : await InferenceSession.create(unpack(model).model.data as Uint8Array, settings);
  const inputs = made.inputMetadata.map((input) => {
    if (!input.isTensor) {
      throw new CoppiceError('input-type', `Its input "${input.name}" is not a tensor.`);
    }
    return { name: input.name, type: typeOf(input.type, input.name), dims: [...input.shape] };
  });
  sessions.set(id, made);
  if (options.profile) profiles.set(id, profile);
  return { session: id, inputs, outputs: made.outputNames };
}

function sessionSettings(options: SessionOptions): Ort.InferenceSession.SessionOptions {
  const levels = { none: 'disabled', basic: 'basic', all: 'all' } as const;
  return {
    // Only fatal messages: everything else comes back as an error of the call.
    logSeverityLevel: 4,
    graphOptimizationLevel: levels[options.optimize ?? 'all'],
    enableMemPattern: options.memoryPattern !== false,
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    ...(options.gpu ? gpuSettings(options) : {}),
    extra: {
      session: {
        ...(options.directory
          ? { model_external_initializers_file_folder_path: options.directory }
          : {}),
        ...(options.keepQuantizers ? { disable_quant_qdq: '1' } : {}),
      },
    },
  };
}

function gpuSettings({ stayOnGpu = [] }: SessionOptions): Ort.InferenceSession.SessionOptions {
  return {
    // In its usual layout, NHWC, convolutions of groups with nine filters each come out wrong (1.30).
    executionProviders: [{ name: 'webgpu', preferredLayout: 'NCHW' }],
    preferredOutputLocation: Object.fromEntries(stayOnGpu.map((name) => [name, 'gpu-buffer'])),
  };
}

async function time(
  { session, feeds, warmUp, runs }: Requests['time'],
  id: number,
): Promise<RunTimes> {
  const model = find(session);
  const input = tensors(feeds);
  for (let i = 0; i < warmUp && !cancelled.has(id); i++) await model.run(input);
  const wallMs = new Float64Array(runs);
  const cpuMs = new Float64Array(runs);
  for (let i = 0; i < runs && !cancelled.has(id); i++) {
    const before = process.cpuUsage();
    const start = performance.now();
    await model.run(input);
    wallMs[i] = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    cpuMs[i] = (user + system) / 1000;
  }
  return { wallMs, cpuMs };
}

/** The runtime writes what it recorded into a file whose name ends with the time of day. */
function endProfile(session: number): Kernel[] {
  const prefix = profiles.get(session);
  if (!prefix) throw new CoppiceError('not-recorded', 'Its session does not record its kernels.');
  profiles.delete(session);
  find(session).endProfiling();
  const name = readdirSync(exchange).find((each) => each.startsWith(prefix));
  if (!name) throw new CoppiceError('not-recorded', 'The runtime recorded nothing.');
  const file = join(exchange, name);
  try {
    return kernelsOf(readFileSync(file, 'utf8'));
  } finally {
    rmSync(file, { force: true });
  }
}

function find(session: number): Ort.InferenceSession {
  const found = sessions.get(session);
  if (!found) throw new CoppiceError('session-closed', 'Its session has been closed.');
  return found;
}

function tensors(feeds: Parcel): Record<string, Ort.Tensor> {
  const { Tensor } = ort();
  return Object.fromEntries(
    Object.entries(unpack(feeds)).map(([name, tensor]) => {
      const { type, data, dims } = toOrt(name, tensor);
      return [name, new Tensor(type as 'float32', data as Float32Array, dims)];
    }),
  );
}

/** Loads the native package at first use, so that its absence is an answer and not a crash. */
function ort(): typeof Ort {
  if (loaded) return loaded;
  const here = typeof __filename === 'string' ? __filename : join(process.cwd(), 'index.js');
  const require = createRequire(here);
  try {
    return (loaded = require('onnxruntime-node') as typeof Ort);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new CoppiceError(
      'runtime-missing',
      `ONNX Runtime could not be loaded for ${process.platform}-${process.arch} (${detail}). ` +
        'Install the package onnxruntime-node for this platform.',
    );
  }
}
