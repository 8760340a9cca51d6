/**
 * Does what takes a model apart in a thread of its own, so that no keystroke ever waits for it. A model
 * that makes the thread fail, or keeps it too long, costs only itself: the next one gets a new thread.
 */

import { parentPort, Worker } from 'node:worker_threads';
import { perform, type ModelAnswers, type ModelTask } from './model-task';

export interface ModelThread {
  /** One task at a time, in the order they come. Rejects with a sentence for a person. */
  run<K extends ModelTask['kind']>(task: Extract<ModelTask, { kind: K }>): Promise<ModelAnswers[K]>;
  close(): void;
}

type Answer = { readonly value: unknown } | { readonly failure: string };

/** The longest that one task may take, in milliseconds. */
const patience = 60_000;
const mostMegabytes = 2048;

/** @param script The bundle to run, which calls `serveModelTasks` when it finds itself in a thread. */
export function startModelThread(script: string): ModelThread {
  const thread = new OwnThread(script);
  thread.warm();
  return thread;
}

/** The same, but started only when there is a task. */
export function modelThreadOnDemand(script: string): ModelThread {
  return new OwnThread(script);
}

class OwnThread implements ModelThread {
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly script: string) {}

  warm(): void {
    this.worker ??= this.start();
  }

  run<K extends ModelTask['kind']>(
    task: Extract<ModelTask, { kind: K }>,
  ): Promise<ModelAnswers[K]> {
    const answer = this.last.then(() => this.ask(task)) as Promise<ModelAnswers[K]>;
    this.last = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private ask(task: ModelTask): Promise<unknown> {
    const thread = (this.worker ??= this.start());
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      };
      const fail = (why: string): void => {
        settle();
        if (this.worker === thread) this.close();
        reject(new Error(`${describe(task)} could not be read: ${why}.`));
      };
      const onMessage = (answer: Answer): void => {
        settle();
        if ('value' in answer) resolve(answer.value);
        else reject(new Error(answer.failure));
      };
      const onError = ({ message }: Error): void => fail(message.replace(/\.$/, ''));
      const onExit = (): void => fail('its reader has ended');
      const timer = setTimeout(() => fail(`it took longer than ${patience / 1000} s`), patience);
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
      thread.postMessage(task);
    });
  }

  private start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: mostMegabytes };
    // What is printed there must not get between the messages on standard output.
    const worker = new Worker(this.script, { argv: [], resourceLimits, stdout: true });
    worker.unref();
    return worker;
  }
}

/** The thread's own side. */
export function serveModelTasks(): void {
  parentPort!.on('message', (task: ModelTask) => {
    let answer: Answer;
    try {
      answer = { value: perform(task) };
    } catch (error) {
      answer = { failure: error instanceof Error ? error.message : String(error) };
    }
    parentPort!.postMessage(answer);
  });
}

function describe(task: ModelTask): string {
  return task.kind === 'compare' ? `${task.before} or ${task.after}` : task.path;
}
