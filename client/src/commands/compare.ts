/** *Coppice: Compare Models…*: two models side by side. */
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';
import { showPage } from '../pages/panels';
import { pickModel, uriOf } from '../pick';

export const compare: Command = {
  id: commandIds.compare,
  async run(context, first, second) {
    // The Explorer's menu passes the file under the pointer, then everything that is selected.
    const selected = Array.isArray(second) ? second.map(uriOf) : [uriOf(second)];
    const before = uriOf(first) ?? (await pickModel(context, 'Compare Models: Before'));
    if (before === undefined) return;
    const after =
      selected.find((uri) => uri !== undefined && uri.toString() !== before.toString()) ??
      (await pickModel(context, 'Compare Models: After', before));
    if (after === undefined) return;
    await showPage(context, {
      kind: 'comparison',
      before: before.toString(),
      after: after.toString(),
    });
  },
};
