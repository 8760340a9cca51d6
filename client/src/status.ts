/** The language status item: what the server is doing, for every language that it serves. */
import * as vscode from 'vscode';
import type { ServerStatus } from '#protocol/messages';
import { commandIds } from '#protocol/commands';
import { documentSelector } from './languages';

export class Status implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;

  constructor() {
    this.item = vscode.languages.createLanguageStatusItem('coppice.status', [...documentSelector]);
    this.item.name = 'Coppice';
    this.item.text = 'Coppice';
  }

  starting(): void {
    this.show({ state: 'busy', text: 'Starting', detail: null });
  }

  running(): void {
    this.show({ state: 'idle', text: 'Ready', detail: null });
  }

  failed(reason: string): void {
    this.show({ state: 'error', text: 'Not running', detail: reason });
    this.item.command = { command: commandIds.restartServer, title: 'Restart Server' };
  }

  show(status: ServerStatus): void {
    this.item.busy = status.state === 'busy';
    this.item.severity = severityOf[status.state];
    this.item.text = `Coppice: ${status.text}`;
    this.item.detail = status.detail ?? undefined;
    this.item.command = undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}

const severityOf: Readonly<Record<ServerStatus['state'], vscode.LanguageStatusSeverity>> = {
  idle: vscode.LanguageStatusSeverity.Information,
  busy: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};
