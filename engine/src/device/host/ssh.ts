/**
 * A machine that is reached through the system's ssh and has a runtime of its own. What is measured
 * there survives a dropped connection: it logs in again, opens the models again, and repeats the
 * measurement that was lost.
 */

import { inflateSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { encodeModel } from '../../onnx/write';
import { kernelsOf } from '../../runtime/kernels';
import { explainOrtMessage } from '../../runtime/ort-message';
import { AgentConnection, AgentFailure, type ConnectionOptions } from './agent-connection';
import type { Host, HostDescription, HostSession, HostSessionOptions, RunTimes } from './host';
import { describeMachine, descriptiveFiles, type MachineFacts } from './machine';
import { remoteFeeds } from './remote-feeds';
import { nameOf, type SshAddress } from './ssh-address';
import { ConnectionLost } from './ssh-problem';

export interface SshOptions extends ConnectionOptions {
  /** Told what goes on with the connection. */
  note?(message: string): void;
  /** Milliseconds before each new attempt to log in again. */
  readonly retryMs?: readonly number[];
}

/** Two minutes in all: time enough for a small board to boot. */
const patientRetryMs = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];
/** A measurement that ends the connection so often is what ends it. */
const mostLosses = 3;
const largestProfile = 1 << 30;

/** @throws CoppiceError that says what to do when nobody answers or no runtime is found. */
export async function sshHost(address: SshAddress, options: SshOptions = {}): Promise<Host> {
  const line = new Line(address, options, await AgentConnection.open(address, options));
  return {
    name: nameOf(address),
    cores: options.cores,
    describe: () => line.during(describe),
    open: async (model, given) => {
      const session = new RemoteSession(line, model, given);
      await session.ready();
      return session;
    },
    close: () => line.close(),
  };
}

/** The connection, renewed when it is lost. */
class Line {
  private lastSession = 0;
  private renewal: Promise<AgentConnection> | undefined;

  constructor(
    private readonly address: SshAddress,
    private readonly options: SshOptions,
    private connection: AgentConnection,
  ) {}

  nextSession(): number {
    return ++this.lastSession;
  }

  /** Repeats work whose connection was lost. */
  async during<T>(
    work: (connection: AgentConnection) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    for (let losses = 0; ;) {
      signal?.throwIfAborted();
      try {
        return await work(await this.living(signal));
      } catch (error) {
        if (!(error instanceof ConnectionLost) || ++losses === mostLosses) throw error;
      }
    }
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async living(signal?: AbortSignal): Promise<AgentConnection> {
    if (this.connection.alive) return this.connection;
    this.renewal ??= this.renew(signal).finally(() => (this.renewal = undefined));
    return (this.connection = await this.renewal);
  }

  private async renew(signal = this.options.signal): Promise<AgentConnection> {
    const { note, retryMs = patientRetryMs } = this.options;
    let last: unknown;
    for (const ms of retryMs) {
      note?.(`The connection to ${nameOf(this.address)} was lost; trying again in ${ms / 1000} s.`);
      await delay(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
      try {
        return await AgentConnection.open(this.address, {
          ...this.options,
          signal,
          install: false,
        });
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        last = error;
      }
    }
    throw last;
  }
}

type TimeOptions = Parameters<HostSession['time']>[0];

class RemoteSession implements HostSession {
  /** Where it is open, and under which number. */
  private opened: { readonly connection: AgentConnection; readonly session: number } | undefined;
  /** What has been recorded, which is lost with the connection. */
  private readonly recorded: TimeOptions[] = [];

  constructor(
    private readonly line: Line,
    private readonly model: Model,
    private readonly options: HostSessionOptions,
  ) {}

  ready(): Promise<void> {
    return this.during(async () => undefined);
  }

  async time(options: TimeOptions): Promise<RunTimes> {
    const times = await this.during((connection, session) =>
      this.run(connection, session, options),
    );
    if (this.options.profile) this.recorded.push(options);
    return times;
  }

  kernels(): ReturnType<HostSession['kernels']> {
    return this.during(async (connection, session) => {
      const { part } = await connection.call({ call: 'kernels', session }, [], this.options.signal);
      const text = inflateSync(part!, { maxOutputLength: largestProfile }).toString();
      return kernelsOf(text);
    });
  }

  /** A session whose connection is gone is closed already. */
  async close(): Promise<void> {
    const { connection, session } = this.opened ?? {};
    this.opened = undefined;
    if (connection?.alive) {
      await connection.call({ call: 'close', session }).catch(() => undefined);
    }
  }

  private during<T>(
    work: (connection: AgentConnection, session: number) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.options;
    return this.line
      .during(async (connection) => {
        if (this.opened?.connection !== connection) await this.open(connection);
        return work(connection, this.opened!.session);
      }, signal)
      .catch((error: unknown) => {
        if (!(error instanceof AgentFailure)) throw error;
        const label = this.model.graph?.name ?? 'the model';
        throw new CoppiceError('runtime', `${label}: ${explainOrtMessage(error.message)}`);
      });
  }

  private async open(connection: AgentConnection): Promise<void> {
    const { threads, profile = false, seed = 0, signal } = this.options;
    const session = this.line.nextSession();
    const { feeds, parts } = remoteFeeds(this.model, seed);
    const request = { call: 'open', session, threads, profile, feeds } as const;
    await connection.call(request, [encodeModel(this.model), ...parts], signal);
    for (const lost of this.recorded) await this.run(connection, session, lost);
    this.opened = { connection, session };
  }

  private async run(
    connection: AgentConnection,
    session: number,
    { runs, warmUp }: TimeOptions,
  ): Promise<RunTimes> {
    const request = { call: 'time', session, runs, warmUp } as const;
    const { result } = await connection.call(request, [], this.options.signal);
    const { wallMs, cpuMs } = result as Readonly<Record<keyof RunTimes, readonly number[]>>;
    return { wallMs: Float64Array.from(wallMs), cpuMs: Float64Array.from(cpuMs) };
  }
}

async function describe(connection: AgentConnection): Promise<HostDescription> {
  const request = { call: 'describe', files: descriptiveFiles } as const;
  const { result } = await connection.call(request);
  const facts = result as unknown as MachineFacts & { readonly runtime: string };
  return { ...describeMachine(facts), runtime: { name: 'onnxruntime', version: facts.runtime } };
}
