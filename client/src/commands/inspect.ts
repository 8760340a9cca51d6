/** *Coppice: Inspect Model*: the layers of a model and what they cost, in a page. */
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';
import { showPage } from '../pages/panels';
import { pickModel, uriOf } from '../pick';

export const inspect: Command = {
  id: commandIds.inspect,
  async run(context, argument) {
    const model = uriOf(argument) ?? (await pickModel(context, 'Inspect Model'));
    if (model !== undefined) {
      await showPage(context, { kind: 'inspection', model: model.toString() });
    }
  },
};
