/** `coppice evaluate`: accuracy on labelled data, or likeness to another model. */

import { evaluateAccuracy } from '#engine/runtime/evaluate';
import { evaluateFidelity } from '#engine/runtime/fidelity';
import { startRuntime } from '#engine/runtime/client';
import type { Dataset } from '#engine/data/dataset';
import { openDataset } from '#engine/data/open';
import { CoppiceError } from '#engine/ir/issue';
import type { Runtime } from '#engine/runtime/runtime';
import type { Command, Invocation } from '../command';
import { dataFlag, preprocessingFlags, preprocessingOf } from '../data-flags';
import { openModel } from '../open-model';

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Measures top-1 and top-5 accuracy, or with --reference the likeness to another model.',
  usage: 'coppice evaluate MODEL --data PATH [--reference MODEL]',
  flags: [
    dataFlag,
    {
      name: 'reference',
      type: 'string',
      value: 'MODEL',
      help: 'Compare with this model; needs no labels.',
    },
    {
      name: 'label-offset',
      type: 'number',
      help: 'Class k is output k + N; 1 with a background class.',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      value: 'NAME',
      help: 'The output that is judged. Default: the first.',
    },
    ...preprocessingFlags,
  ],
  run: async (invocation) => {
    const { flags, positionals, signal, terminal } = invocation;
    const { model } = openModel(positionals[0], terminal);
    if (typeof flags.data !== 'string')
      throw new CoppiceError('usage', 'Say which data: --data PATH.');
    const dataset = await openDataset(flags.data, preprocessingOf(flags), model);
    terminal.note(dataset.description);
    const runtime = await startRuntime({ signal });
    try {
      const measure = typeof flags.reference === 'string' ? fidelity : accuracy;
      const { json, text } = await measure(runtime, dataset, invocation);
      terminal.result(flags.json ? JSON.stringify(json) : text);
      return 0;
    } finally {
      await runtime.close();
    }
  },
};

interface Measured {
  readonly json: object;
  readonly text: string;
}

type Measure = (runtime: Runtime, dataset: Dataset, invocation: Invocation) => Promise<Measured>;

const accuracy: Measure = async (runtime, dataset, { flags, positionals, signal, terminal }) => {
  const session = await runtime.open(positionals[0]);
  const result = await evaluateAccuracy(session, dataset, {
    signal,
    output: outputOf(flags),
    labelOffset: typeof flags['label-offset'] === 'number' ? flags['label-offset'] : undefined,
    progress: (done, total) => terminal.progress(`${done} of ${total} samples`, done / total),
  });
  for (const issue of result.issues) terminal.note(`${issue.severity}: ${issue.message}`);
  const { top1, top5, correct, samples, interval, seconds } = result;
  return {
    json: { metric: 'top1', value: top1, ...result },
    text:
      `top-1 ${percent(top1)} (${correct} of ${samples}; 95 % interval ${percent(interval[0])} to ` +
      `${percent(interval[1])}), top-5 ${percent(top5)}, ${seconds.toFixed(1)} s`,
  };
};

const fidelity: Measure = async (runtime, dataset, { flags, positionals, signal, terminal }) => {
  const reference = await runtime.open(openModel(flags.reference as string, terminal).path);
  const session = await runtime.open(positionals[0]);
  const result = await evaluateFidelity(reference, session, dataset, {
    signal,
    output: outputOf(flags),
    progress: (done, total) => terminal.progress(`${done} of ${total} samples`, done / total),
  });
  const { sqnr, cosine, agreement, maxAbsError, samples, seconds } = result;
  const agreeing = agreement === undefined ? '' : `, same top-1 on ${percent(agreement)}`;
  return {
    json: { metric: 'fidelity', value: Number.isFinite(sqnr) ? sqnr : null, ...result },
    text:
      `SQNR ${sqnr.toFixed(1)} dB, cosine ${cosine.toFixed(5)}${agreeing}, largest error ` +
      `${maxAbsError.toPrecision(3)} on ${samples} samples, ${seconds.toFixed(1)} s`,
  };
};

function outputOf(flags: Invocation['flags']): string | undefined {
  return typeof flags.output === 'string' ? flags.output : undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
