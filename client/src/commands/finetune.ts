/** *Coppice: Fine-Tune…*: trains a model for some epochs, with the data that a recipe names for it. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';
import { pickModel, uriOf } from '../pick';
import { writeRecipe } from '../recipe-draft';
import { run } from '../runs';
import { requireTrust } from '../trust';

export const finetune: Command = {
  id: commandIds.finetune,
  async run(context, argument, teacher) {
    if (!(await requireTrust('Training'))) return;
    const model = uriOf(argument) ?? (await pickModel(context, 'Fine-tune'));
    if (model === undefined) return;
    const label = vscode.workspace.asRelativePath(model);
    const picked = await vscode.window.showQuickPick(lengths, {
      title: `Fine-tune ${label}`,
      placeHolder: 'How long should it be trained?',
    });
    if (picked === undefined) return;
    const { epochs } = picked;
    if (epochs === 'recipe') return writeRecipe(model, { finetune: { epochs: 3 } });
    const taught = uriOf(teacher)?.toString();
    await run(context, `Fine-tuning ${label}`, {
      model: model.toString(),
      target: { finetune: { epochs, ...(taught === undefined ? {} : { teacher: taught }) } },
    });
  },
};

interface LengthItem extends vscode.QuickPickItem {
  readonly epochs: number | 'recipe';
}

const lengths: readonly LengthItem[] = [
  { label: 'One epoch', description: 'each sample is seen once', epochs: 1 },
  { label: 'Three epochs', epochs: 3 },
  { label: 'Ten epochs', epochs: 10 },
  {
    label: 'Write a recipe…',
    description: 'coppice.yaml',
    detail: 'Data, rate, losses and what else is to be decided, in a file that can be run again',
    epochs: 'recipe',
  },
];
