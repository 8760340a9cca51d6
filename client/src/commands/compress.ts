/** *Coppice: Compress…*: asks for a model and a target, runs, and shows the report. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { QuickTarget } from '#protocol/messages';
import type { Command } from '../context';
import { finetune } from './finetune';
import { pickModel, uriOf } from '../pick';
import { writeRecipe } from '../recipe-draft';
import { run } from '../runs';
import { requireTrust } from '../trust';

export const compress: Command = {
  id: commandIds.compress,
  async run(context, argument, target, goal) {
    if (!(await requireTrust('Compressing'))) return;
    const model = uriOf(argument) ?? (await pickModel(context, 'Compress'));
    if (model === undefined) return;
    const label = vscode.workspace.asRelativePath(model);
    const fit = targetOf(target);
    const choice = fit ? await pickWay(label, fit, goal) : await pickTarget(label);
    if (choice === undefined) return;
    if (choice === 'recipe') return writeRecipe(model, fit);
    if (choice === 'finetune') return finetune.run(context, model.toString());
    await run(context, `Compressing ${label}`, { model: model.toString(), target: choice });
  },
};

interface TargetItem extends vscode.QuickPickItem {
  readonly target: QuickTarget | 'recipe' | 'ask' | 'finetune';
}

const targets: readonly TargetItem[] = [
  { label: 'Half of the MACs', description: '50 % left', target: { macs: 0.5 } },
  { label: 'A light cut', description: '70 % of the MACs left', target: { macs: 0.7 } },
  { label: 'A deep cut', description: '30 % of the MACs left', target: { macs: 0.3 } },
  { label: 'Half of the parameters', description: '50 % left', target: { params: 0.5 } },
  { label: 'Another share of the MACs…', target: 'ask' },
  {
    label: 'Half of the MACs, then fine-tuned',
    description: '50 % left, 3 epochs',
    detail: 'Needs training data that a recipe names for this model',
    target: { macs: 0.5, finetune: { epochs: 3 } },
  },
  { label: 'Fine-tune…', description: 'nothing is cut', target: 'finetune' },
  {
    label: 'Write a recipe…',
    description: 'coppice.yaml',
    detail: 'Data, device, target and steps in a file that can be run again',
    target: 'recipe',
  },
];

async function pickTarget(label: string): Promise<QuickTarget | 'recipe' | 'finetune' | undefined> {
  const picked = await vscode.window.showQuickPick(targets, {
    title: `Compress ${label}`,
    placeHolder: 'How much should be left?',
  });
  return picked?.target === 'ask' ? askShare() : picked?.target;
}

/** The target that a quick fix asks for. */
function targetOf(argument: unknown): QuickTarget | undefined {
  if (typeof argument !== 'string') return undefined;
  try {
    const target: unknown = JSON.parse(argument);
    return typeof target === 'object' && target !== null ? target : undefined;
  } catch {
    return undefined;
  }
}

/** The target is known: it can be run at once, or be written down to add data and more steps. */
async function pickWay(
  label: string,
  target: QuickTarget,
  goal: unknown,
): Promise<QuickTarget | 'recipe' | undefined> {
  const ways: readonly TargetItem[] = [
    {
      label: 'Prune until it fits',
      description: 'now',
      detail: 'The result is written beside the model, with a report; the model stays as it is',
      target,
    },
    {
      label: 'Write a recipe…',
      description: 'coppice.yaml',
      detail: 'With this target: add data and further steps, such as quantization, then run it',
      target: 'recipe',
    },
  ];
  const picked = await vscode.window.showQuickPick(ways, {
    title: `Compress ${label} to fit ${typeof goal === 'string' ? goal : 'its budget'}`,
  });
  return picked?.target === 'recipe' ? 'recipe' : picked && target;
}

async function askShare(): Promise<QuickTarget | undefined> {
  const text = await vscode.window.showInputBox({
    title: 'Share of the MACs that is left',
    prompt: 'Percent, from 1 to 99',
    value: '60',
    validateInput: (input) =>
      shareOf(input) === undefined ? 'A number from 1 to 99, please.' : undefined,
  });
  const macs = text === undefined ? undefined : shareOf(text);
  return macs === undefined ? undefined : { macs };
}

function shareOf(text: string): number | undefined {
  const percent = Number(text.replace(/%\s*$/, ''));
  return percent >= 1 && percent <= 99 ? percent / 100 : undefined;
}
