/**
 * Reads models in a thread of its own, so that no keystroke ever waits for one. A model that makes the
 * thread fail, or keeps it too long, costs only itself: the thread is started anew for the next.
 */

import { parentPort, Worker } from 'node:worker_threads';
import { failedReading, readModel, type ModelReading } from './reading';

export interface ModelReader {
  /** One model at a time; never rejects. */
  read(path: string): Promise<ModelReading>;
  close(): void;
}

/** The longest that one model may take, in milliseconds. */
const patience = 60_000;

/** @param script The bundle to run, which calls `serveReadings` when it finds itself in a thread. */
export function startReadingThread(script: string): ModelReader {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const started = new Worker(script, {
      argv: [],
      resourceLimits: { maxOldGenerationSizeMb: 2048 },
      stdout: true,
      stderr: true,
    });
    started.unref();
    return started;
  };
  const stop = (): void => {
    void worker?.terminate();
    worker = undefined;
  };
  worker = start();
  return {
    read(path) {
      const thread = (worker ??= start());
      return new Promise((resolve) => {
        const finish = (reading: ModelReading, broken: boolean): void => {
          clearTimeout(timer);
          thread.removeAllListeners();
          if (broken && worker === thread) stop();
          resolve(reading);
        };
        const timer = setTimeout(() => {
          finish(failedReading(path, `Reading ${path} takes too long.`), true);
        }, patience);
        thread.once('message', (reading: ModelReading) => finish(reading, false));
        thread.once('error', (error) => {
          finish(failedReading(path, `${path} cannot be inspected: ${error.message}`), true);
        });
        thread.once('exit', () => finish(failedReading(path, `${path} cannot be read.`), true));
        thread.postMessage(path);
      });
    },
    close: stop,
  };
}

/** The thread's own side. */
export function serveReadings(): void {
  parentPort!.on('message', (path: string) => parentPort!.postMessage(readModel(path)));
}
