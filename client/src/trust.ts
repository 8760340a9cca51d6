/** Refuses what runs a model while the workspace is not trusted, and says how to trust it. */
import * as vscode from 'vscode';

/** True when trusted; otherwise tells the user and offers the editor's own dialog. */
export async function requireTrust(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const choice = await vscode.window.showWarningMessage(
    `${what} runs the model, which needs a trusted workspace.`,
    manage,
  );
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return vscode.workspace.isTrusted;
}
