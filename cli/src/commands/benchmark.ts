/** `coppice benchmark`: how long a model takes here, or on a device one has. */

import { dirname, resolve } from 'node:path';
import { benchmark } from '#engine/device/benchmark';
import { estimate } from '#engine/device/estimate';
import { workloadOf } from '#engine/device/workload';
import { CoppiceError } from '#engine/ir/issue';
import { benchmarkTable } from '../benchmark-table';
import type { Command, FlagValue } from '../command';
import { deviceFlag, targetOf } from '../devices';
import { hostFlags, hostOf } from '../hosts';
import { openModel } from '../open-model';

export const benchmarkCommand: Command = {
  name: 'benchmark',
  summary: 'Measures how long a model takes here or through ssh, on request layer by layer.',
  usage: 'coppice benchmark MODEL [--layers] [--threads N] [--device ID] [--on ssh://USER@HOST]',
  flags: [
    {
      name: 'runs',
      type: 'number',
      help: 'Timed runs. Default: what fits ten seconds, from 10 to 200.',
    },
    { name: 'warm-up', type: 'number', help: 'Runs before the first timed one. Default: 5.' },
    {
      name: 'threads',
      type: 'number',
      help: 'Threads of the runtime. Default: those of --device, one for each of --cores, else 1.',
    },
    { name: 'layers', type: 'boolean', help: 'The time of each layer, by the profiler.' },
    { name: 'seed', type: 'number', help: 'Of the values that the model is run on. Default: 0.' },
    { ...deviceFlag, help: 'Show the estimate for this device beside the measurement.' },
    ...hostFlags,
  ],
  run: async (invocation) => {
    const { positionals, flags, signal, terminal } = invocation;
    const { model, path } = openModel(positionals[0], terminal);
    const target = await targetOf(flags.device, terminal);
    const options = {
      runs: whole('runs', flags.runs, 1),
      warmUp: whole('warm-up', flags['warm-up'], 0),
      threads: whole('threads', flags.threads, 1) ?? target?.profile.runtime.threads,
      seed: whole('seed', flags.seed, 0),
    };
    const host = await hostOf(invocation);
    try {
      const measured = await benchmark(host, model, {
        ...options,
        layers: flags.layers === true,
        directory: dirname(resolve(path)),
        signal,
        progress: (message, fraction) => terminal.progress(message, fraction),
      });
      const estimated = target ? estimate(workloadOf(model), target) : null;
      const result = { model: path, ...measured, estimate: estimated };
      terminal.result(flags.json ? JSON.stringify(result) : benchmarkTable(result, terminal.width));
      return 0;
    } finally {
      await host.close();
    }
  },
};

function whole(name: string, value: FlagValue | undefined, least: number): number | undefined {
  if (value === undefined || (Number.isInteger(value) && Number(value) >= least)) {
    return value as number | undefined;
  }
  throw new CoppiceError('usage', `--${name} takes a whole number of at least ${least}.`);
}
