/** `coppice convert`: between binary ONNX and the official text syntax. */

import { saveModel } from '#engine/onnx/load';
import { CoppiceError } from '#engine/ir/issue';
import type { Command } from '../command';
import { openModel } from '../open-model';

export const convert: Command = {
  name: 'convert',
  summary: 'Converts between binary ONNX (.onnx) and ONNX text (.onnxtxt), by the extensions.',
  usage: 'coppice convert FROM TO',
  flags: [],
  run: async ({ positionals, flags, terminal }) => {
    const { model, path } = openModel(positionals[0], terminal, 'FROM');
    const output = positionals[1];
    if (!output)
      throw new CoppiceError('usage', 'Say which file to write: coppice convert FROM TO.');
    saveModel(model, output);
    if (flags.json) terminal.result(JSON.stringify({ input: path, output }));
    else terminal.note(`Wrote ${output}.`);
    return 0;
  },
};
