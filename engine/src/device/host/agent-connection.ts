/**
 * One login on another machine, and the agent that serves requests there until it ends. Messages are
 * lines of JSON, each followed by the bytes of its parts.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { CoppiceError } from '../../ir/issue';
import { agentSource, isAgentLanguage } from './agents/source';
import { ByteReader } from './byte-reader';
import type { SshAddress } from './ssh-address';
import { greeting, remoteCommand, sshArguments, type Interpreters } from './ssh-command';
import { problemOf } from './ssh-problem';

export interface ConnectionOptions extends Interpreters {
  /** Stands for the person's ssh configuration file. */
  readonly config?: string;
  readonly signal?: AbortSignal;
}

export interface Request {
  readonly call: 'describe' | 'open' | 'time' | 'kernels' | 'close';
  readonly [argument: string]: unknown;
}

export interface Reply {
  readonly result: Readonly<Record<string, unknown>>;
  readonly part?: Buffer;
}

/** What the agent did not manage, in the words of the runtime there. */
export class AgentFailure extends Error {}

interface Message {
  readonly id: number;
  readonly result?: Reply['result'];
  readonly failure?: string;
  readonly parts: readonly number[];
}

interface PendingCall {
  resolve(reply: Reply): void;
  reject(reason: unknown): void;
}

/** The agent takes a longer silence for a lost connection. */
const pingMs = 15_000;
/** How long an orderly end may take before ssh is killed. */
const farewellMs = 3_000;
const largestPart = 1 << 30;

export class AgentConnection {
  /** False once a call has found that nobody answers. */
  alive = true;
  private readonly pending = new Map<number, PendingCall>();
  private readonly exited: Promise<number | null>;
  private readonly ping: NodeJS.Timeout;
  private words = '';
  private lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly address: SshAddress,
  ) {
    child.stdin!.on('error', () => undefined); // The end of the process tells the same.
    child.stderr!.on('data', (text: Buffer) => {
      this.words = (this.words + text.toString()).slice(-4000);
    });
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.words += `\n${missingSsh(error)}`;
        resolve(null);
      });
      child.on('close', resolve);
    });
    this.ping = setInterval(() => this.write({ call: 'ping' }), pingMs).unref();
  }

  /** @throws CoppiceError saying what to do; ConnectionLost where trying again may help. */
  static async open(address: SshAddress, options: ConnectionOptions): Promise<AgentConnection> {
    options.signal?.throwIfAborted();
    const command = remoteCommand(options);
    const child = spawn('ssh', sshArguments(address, command, options.config), {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const connection = new AgentConnection(child, address);
    const abort = (): void => void child.kill();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      await connection.greet();
      return connection;
    } catch (error) {
      await connection.close();
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * @throws AgentFailure, ConnectionLost, or the signal's reason: an aborted call rejects at once,
   * and the agent stops before the next run.
   */
  async call(
    request: Request,
    parts: readonly Uint8Array[] = [],
    signal?: AbortSignal,
  ): Promise<Reply> {
    signal?.throwIfAborted();
    if (!this.alive) throw await this.problem();
    const id = ++this.lastId;
    const abort = (): void => {
      this.write({ call: 'cancel', id });
      this.take(id)?.reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<Reply>((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        this.write({ ...request, id }, parts);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The agent ends with its input and removes its folder; resolves when ssh is gone. */
  async close(): Promise<void> {
    clearInterval(this.ping);
    this.child.stdin!.end();
    const kill = setTimeout(() => this.child.kill('SIGKILL'), farewellMs);
    await this.exited;
    clearTimeout(kill);
  }

  /** Sends the program in the language of the interpreter that was found, and begins to listen. */
  private async greet(): Promise<void> {
    const reader = new ByteReader(this.child.stdout as AsyncIterable<Buffer>);
    for (;;) {
      const line = await reader.line();
      if (line === undefined) throw await this.problem();
      // What shells print at the beginning is no greeting.
      const [word, language] = line.trim().split(' ');
      if (word !== greeting || !isAgentLanguage(language)) continue;
      const program = agentSource(language);
      this.child.stdin!.write(`${program.length}\n`);
      this.child.stdin!.write(program);
      break;
    }
    const message = await readMessage(reader);
    if (!message) throw await this.problem();
    if (message.failure !== undefined) throw new CoppiceError('remote-runtime', message.failure);
    void this.listen(reader);
  }

  private async listen(reader: ByteReader): Promise<void> {
    for (;;) {
      const message = await readMessage(reader).catch(() => undefined);
      if (!message) break;
      const { id, failure, result = {}, part } = message;
      const call = this.take(id);
      if (failure === undefined) call?.resolve({ result, part });
      else call?.reject(new AgentFailure(failure));
    }
    this.alive = false;
    await this.close();
    const problem = await this.problem();
    for (const id of [...this.pending.keys()]) this.take(id)?.reject(problem);
  }

  private async problem(): Promise<CoppiceError> {
    return problemOf(this.address, await this.exited, this.words);
  }

  private take(id: number): PendingCall | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    return call;
  }

  private write(message: object, parts: readonly Uint8Array[] = []): void {
    const input = this.child.stdin!;
    if (!input.writable) return;
    input.write(`${JSON.stringify({ ...message, parts: parts.map(({ length }) => length) })}\n`);
    for (const part of parts) input.write(part);
  }
}

async function readMessage(reader: ByteReader): Promise<(Message & { part?: Buffer }) | undefined> {
  const line = await reader.line();
  if (line === undefined) return undefined;
  const message = JSON.parse(line) as Message;
  const [size] = message.parts;
  if (size === undefined) return message;
  if (size > largestPart) return undefined;
  const part = await reader.bytes(size);
  return part && { ...message, part };
}

function missingSsh(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no program ssh here; install OpenSSH' : error.message;
}
