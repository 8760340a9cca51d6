/** The recipe that *Write a recipe…* starts from: beside the workspace's root, or unsaved if one is there. */
import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { QuickTarget } from '#protocol/messages';

/** @param target what the draft asks for; half of the MACs unless it is given. */
export async function writeRecipe(model: vscode.Uri, target?: QuickTarget): Promise<void> {
  const folder =
    vscode.workspace.getWorkspaceFolder(model)?.uri ?? vscode.Uri.joinPath(model, '..');
  const file = vscode.Uri.joinPath(folder, 'coppice.yaml');
  const text = draft(posix.relative(folder.path, model.path), target);
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(file, { ignoreIfExists: false, contents: new TextEncoder().encode(text) });
  if (await vscode.workspace.applyEdit(edit)) {
    await vscode.window.showTextDocument(file);
    return;
  }
  const document = await vscode.workspace.openTextDocument({
    language: 'coppice-recipe',
    content: text,
  });
  await vscode.window.showTextDocument(document);
}

function draft(model: string, target: QuickTarget = {}): string {
  const { device, finetune, ...given } = target;
  const [asked] = Object.entries<number | string>(given);
  const [metric, amount] = asked ?? ['macs', 0.5];
  const prune = `  - prune: { criterion: l2, scope: global, ${metric}: ${amount} }\n`;
  const tune = finetune ? `  - finetune: { epochs: ${finetune.epochs} } # needs data\n` : '';
  const name = posix.basename(model, posix.extname(model));
  return `# What to make of the model. Run it with "Coppice: Run Recipe" or \`coppice compress coppice.yaml\`.
model: ${JSON.stringify(model)}
task: fidelity # or classification, with labelled data
# data:
#   path: data/train.npz
#   validation: data/test.npz
${device === undefined ? '' : `device: ${device}\n`}steps:
${asked || !finetune ? prune : ''}${tune}output: ${JSON.stringify(`build/${name}-${finetune ? 'tuned' : 'small'}.onnx`)}
`;
}
