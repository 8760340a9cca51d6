/**
 * The parent's side of the runtime: starts the child process, keeps account of open calls, and turns
 * a crash of the child into errors of the calls it was working on.
 */

import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { CoppiceError } from '../ir/issue';
import { explainOrtMessage } from './ort-message';
import type { Cancellation, Failure, Kind, Reply, Request, Requests, Results } from './protocol';
import type {
  Feeds,
  KeptTensor,
  MixedFeeds,
  NamedTensor,
  Runtime,
  Session,
  SessionOptions,
} from './runtime';
import {
  discard,
  makeExchangeFolder,
  pack,
  removeExchangeFolder,
  unpack,
  type Parcel,
} from './tensor-exchange';

export interface RuntimeOptions {
  /** Ends the child process; pending calls reject with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Threads of sessions that do not say; 0 or absent: as many as the machine has cores. */
  readonly threads?: number;
}

/**
 * Starts the child process and loads ONNX Runtime there. An idle runtime does not keep the process
 * alive, and the child ends with its parent.
 *
 * @throws CoppiceError `runtime-missing` when the native package or the bundled worker is absent.
 */
export async function startRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  options.signal?.throwIfAborted();
  const worker = new WorkerProcess(options.signal);
  try {
    const { name } = await worker.call('hello', {}, 'ONNX Runtime');
    return {
      name,
      pid: worker.pid,
      open: (model, given) =>
        openSession(worker, model, { threads: options.threads ?? 0, ...given }),
      keep: async (tensors, signal) => {
        const feeds = worker.pack(tensors, signal);
        return worker.call('put', { feeds }, 'tensors to keep', signal);
      },
      read: async (kept, signal) =>
        unpack(await worker.call('read', { kept }, 'kept tensors', signal)),
      release: async (tensors) => {
        const kept = Array.from(tensors, (each) => each.kept);
        if (worker.running) await worker.call('release', { kept }, 'kept tensors');
      },
      close: () => worker.close(),
    };
  } catch (error) {
    await worker.close();
    throw error;
  }
}

async function openSession(
  worker: WorkerProcess,
  model: Uint8Array | string,
  options: SessionOptions,
): Promise<Session> {
  const label = options.label ?? (typeof model === 'string' ? model : 'the model in memory');
  const sent = typeof model === 'string' ? model : worker.pack({ model: asTensor(model) });
  const { session, inputs, outputs } = await worker.call('open', { model: sent, options }, label);
  return {
    label,
    inputs,
    outputs,
    run: async (given, outputs, signal) => {
      const argument = { session, ...split(worker, given, signal), outputs };
      return unpack(await worker.call('run', argument, label, signal));
    },
    keep: async (given, outputs, signal) => {
      const argument = { session, ...split(worker, given, signal), outputs };
      return worker.call('keep', argument, label, signal);
    },
    runAndKeep: async (given, outputs, stay, signal) => {
      const argument = { session, ...split(worker, given, signal), outputs, stay };
      const divided = await worker.call('divide', argument, label, signal);
      return { given: unpack(divided.given), kept: divided.kept };
    },
    summarize: async (given, outputs, bins, signal) => {
      const feeds = worker.pack(given, signal);
      return worker.call('summarize', { session, feeds, outputs, bins }, label, signal);
    },
    time: async (given, timing, signal) => {
      const feeds = worker.pack(given, signal);
      return (await worker.call('time', { session, feeds, ...timing }, label, signal)).wallMs;
    },
    measure: async (given, timing, signal) => {
      const feeds = worker.pack(given, signal);
      return worker.call('time', { session, feeds, ...timing }, label, signal);
    },
    kernels: (signal) => worker.call('kernels', { session }, label, signal),
    close: async () => {
      if (worker.running) await worker.call('close', { session }, label);
    },
  };
}

/** What has to be sent, and what is there already. */
function split(worker: WorkerProcess, given: MixedFeeds, signal?: AbortSignal) {
  const own: Record<string, NamedTensor> = {};
  const kept: Record<string, KeptTensor> = {};
  for (const [name, tensor] of Object.entries(given)) {
    if ('kept' in tensor) kept[name] = tensor;
    else own[name] = tensor;
  }
  return { feeds: worker.pack(own, signal), kept };
}

function asTensor(data: Uint8Array): NamedTensor {
  return { type: 'uint8', dims: [data.length], data };
}

interface PendingCall {
  readonly label: string;
  settle(reply: Reply): void;
  reject(reason: unknown): void;
}

/** The child process and the calls it has not answered yet. */
class WorkerProcess {
  running = true;
  private readonly child: ChildProcess;
  private readonly exchange: string;
  private readonly exited: Promise<void>;
  private readonly pending = new Map<number, PendingCall>();
  private lastId = 0;
  private lastWords = '';
  /** Why the process is no longer running. */
  private end: unknown = new CoppiceError('runtime-closed', 'The runtime has been closed.');

  constructor(signal?: AbortSignal) {
    const file = workerFile();
    this.exchange = makeExchangeFolder();
    this.child = fork(file, [this.exchange], {
      serialization: 'advanced',
      execArgv: [],
      // Inside Electron the executable behaves as plain Node only when it is told to. The runtime's
      // own builds tell their maker what models are opened, unless they are told not to.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ORT_DISABLE_TELEMETRY: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.on('message', (reply: Reply) => this.receive(reply));
    this.child.stderr?.on('data', (text: Buffer) => {
      this.lastWords = (this.lastWords + text.toString()).slice(-1000);
    });
    this.exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        if (this.running) this.end = crash('ONNX Runtime', how, this.lastWords);
        this.stop((label) => crash(label, how, this.lastWords));
        removeExchangeFolder(this.exchange);
        resolve();
      };
      this.child.on('error', (error) => ended(error.message));
      this.child.on('exit', (code, by) => ended(by ? `signal ${by}` : `exit code ${code}`));
    });
    this.child.unref();
    (this.child.stderr as Socket | null)?.unref();
    const abort = (): void => void this.close(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    void this.exited.then(() => signal?.removeEventListener('abort', abort));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Feeds as they are sent; nothing is written for a call that cannot be made. */
  pack(feeds: Feeds, signal?: AbortSignal): Parcel {
    signal?.throwIfAborted();
    if (!this.running) throw this.end;
    return pack(this.exchange, feeds);
  }

  /** Sends one request; rejects with a CoppiceError about `label`, or with the signal's reason. */
  async call<K extends Kind>(
    kind: K,
    argument: Requests[K],
    label: string,
    signal?: AbortSignal,
  ): Promise<Results[K]> {
    signal?.throwIfAborted();
    if (!this.running) throw this.end;
    const id = ++this.lastId;
    return new Promise<Results[K]>((resolve, reject) => {
      const abort = (): void => {
        this.send({ kind: 'cancel', id });
        this.take(id)?.reject(signal?.reason);
      };
      const forget = (): void => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      this.pending.set(id, {
        label,
        settle: (reply) => {
          forget();
          if ('failure' in reply) reject(errorOf(reply.failure, label));
          else resolve(reply.result as Results[K]);
        },
        reject: (reason) => {
          forget();
          reject(reason);
        },
      });
      this.child.channel?.ref();
      this.send({ id, kind, argument } as Request, (error) => this.take(id)?.reject(error));
    });
  }

  /** Ends the process at once; resolves when it is gone. */
  async close(reason?: unknown): Promise<void> {
    this.end = reason ?? this.end;
    this.stop(() => this.end);
    // Whoever waits for the end must live to see it, though an idle child keeps nobody alive.
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.ref();
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private send(message: Request | Cancellation, failed?: (error: Error) => void): void {
    if (this.child.connected) this.child.send(message, (error) => error && failed?.(error));
  }

  private receive(reply: Reply): void {
    const call = this.take(reply.id);
    if (call) call.settle(reply);
    else if ('result' in reply) this.giveBack(reply.result);
  }

  /** Frees what came for a call that nobody waits for any more. */
  private giveBack(result: Results[Kind]): void {
    if (isParcel(result)) return discard(result);
    const kept = Object.values(result ?? {}).flatMap((each: unknown) =>
      isKept(each) ? each.kept : [],
    );
    if (kept.length > 0) void this.call('release', { kept }, 'kept tensors').catch(() => undefined);
  }

  /** Removes a call from the account; an idle process must not keep its parent alive. */
  private take(id: number): PendingCall | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.child.channel?.unref();
    return call;
  }

  private stop(reasonFor: (label: string) => unknown): void {
    if (!this.running) return;
    this.running = false;
    for (const id of [...this.pending.keys()]) {
      const call = this.take(id);
      call?.reject(reasonFor(call.label));
    }
  }
}

function isParcel(result: Results[Kind]): result is Parcel {
  return result !== undefined && 'file' in result && typeof result.file === 'string';
}

function isKept(value: unknown): value is KeptTensor {
  return typeof value === 'object' && value !== null && 'kept' in value;
}

function crash(label: string, how: string, lastWords: string): CoppiceError {
  const words = lastWords.trim();
  return new CoppiceError(
    'runtime-crashed',
    `${label}: the runtime's process ended unexpectedly (${how})` +
      `${words ? `; it last said: ${words}` : ''}. The model may be too large for the memory ` +
      'of this machine, or it uncovers a fault in ONNX Runtime.',
  );
}

function errorOf({ code, message }: Failure, label: string): CoppiceError {
  const explained = code === 'runtime' ? explainOrtMessage(message) : message;
  return new CoppiceError(code, code === 'runtime-missing' ? explained : `${label}: ${explained}`);
}

/** The bundled worker: beside the running bundle, else in the `dist` of an enclosing folder. */
function workerFile(): string {
  const name = 'runtime-worker.js';
  const here = typeof __dirname === 'string' ? __dirname : process.cwd();
  if (existsSync(join(here, name))) return join(here, name);
  for (let folder = here; ; folder = dirname(folder)) {
    const file = join(folder, 'dist', name);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) break;
  }
  throw new CoppiceError(
    'runtime-missing',
    `The bundled runtime ${name} was not found beside ${here}. Build the project first (npm run build).`,
  );
}
