/** `coppice inspect`: what each layer of a model costs. */

import { inspect } from '#engine/inspect/inspect';
import { inspectionTable } from '#engine/inspect/table';
import type { Command } from '../command';
import { estimate } from '#engine/device/estimate';
import { withLatency } from '#engine/device/with-latency';
import { workloadOf } from '#engine/device/workload';
import { bindFlag, bindings } from '../bindings';
import { deviceFlag, targetOf } from '../devices';
import { openModel } from '../open-model';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Lists the layers of a model with their shapes, params, MACs and bytes.',
  usage: 'coppice inspect MODEL [--bind NAME=SIZE] [--device ID]',
  flags: [
    bindFlag,
    deviceFlag,
    { name: 'values', type: 'boolean', help: 'With --json: every value with its type and shape.' },
  ],
  run: async ({ positionals, flags, terminal }) => {
    const { model, path, issues } = openModel(positionals[0], terminal);
    const inspection = inspect(model, {
      path,
      bind: bindings(flags.bind),
      values: flags.values === true,
    });
    const target = await targetOf(flags.device, terminal);
    const timed = target
      ? withLatency(inspection, estimate(workloadOf(model, bindings(flags.bind)), target))
      : inspection;
    const all = { ...timed, issues: [...issues, ...timed.issues] };
    terminal.result(flags.json ? JSON.stringify(all) : inspectionTable(all, terminal.width));
    return 0;
  },
};
