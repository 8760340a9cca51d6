/** *Coppice: Analyze Sensitivity…*: measures how each layer takes quantization, and shows it. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import { analyzeSensitivityRequest } from '#protocol/messages';
import type { Command, Context } from '../context';
import { showPage } from '../pages/panels';
import { browse, pickModel, uriOf } from '../pick';
import { writeRecipe } from '../recipe-draft';
import { followJob } from '../runs';
import { requireTrust } from '../trust';

export const analyzeSensitivity: Command = {
  id: commandIds.analyzeSensitivity,
  async run(context, argument) {
    if (!(await requireTrust('Measuring sensitivity'))) return;
    const model = uriOf(argument) ?? (await pickModel(context, 'Analyze sensitivity'));
    if (model === undefined) return;
    const measured =
      (await measure(context, model, null)) ?? (await measureOnChosen(context, model));
    if (!measured) return;
    await showPage(context, { kind: 'inspection', model: model.toString() });
  },
};

/** True once it is measured, false when it was cancelled, undefined when there is no data for it. */
async function measure(
  context: Context,
  model: vscode.Uri,
  data: vscode.Uri | null,
): Promise<boolean | undefined> {
  const label = vscode.workspace.asRelativePath(model);
  const end = await followJob(context, `Measuring ${label}`, async (token) => {
    const params = { token, model: model.toString(), data: data?.toString() ?? null };
    return (await context.request(analyzeSensitivityRequest, params)).started;
  });
  return end && end.outcome === 'done';
}

const choose = 'Choose Data…';
const write = 'Write a Recipe…';

async function measureOnChosen(context: Context, model: vscode.Uri): Promise<boolean | undefined> {
  const label = vscode.workspace.asRelativePath(model);
  const answer = await vscode.window.showInformationMessage(
    `No recipe names data for ${label}. Samples of a file are taken as they are; a recipe can also say how to prepare them.`,
    choose,
    write,
  );
  if (answer === write) await writeRecipe(model);
  if (answer !== choose) return undefined;
  const data = await browse('Data to measure on', { Data: ['npz', 'npy', 'zip', 'csv'] });
  return data && measure(context, model, data);
}
