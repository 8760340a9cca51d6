/** The status bar item that says for which devices latencies are shown; a click chooses others. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { DeviceSummary } from '#protocol/device';
import { devicesNotification, type ChosenDevices } from '#protocol/messages';
import type { Context } from './context';
import { documentSelector } from './languages';

/** More names than this would crowd others out of the bar. */
const mostNames = 2;

export function registerDeviceItem(context: Context): void {
  const item = vscode.window.createStatusBarItem(
    'coppice.devices',
    vscode.StatusBarAlignment.Right,
    100,
  );
  item.name = 'Coppice: Devices';
  item.command = commandIds.selectDevices;
  const follow = (editor: vscode.TextEditor | undefined): void => {
    if (editor && vscode.languages.match([...documentSelector], editor.document) > 0) item.show();
    else item.hide();
  };
  context.extension.subscriptions.push(
    item,
    context.on(devicesNotification, (chosen) => {
      item.text = `$(circuit-board) ${textOf(chosen)}`;
      item.tooltip = tooltipOf(chosen);
      follow(vscode.window.activeTextEditor);
    }),
    vscode.window.onDidChangeActiveTextEditor(follow),
  );
}

function textOf({ devices, unknown }: ChosenDevices): string {
  const names = [...devices.map(({ name }) => name), ...unknown.map((name) => `${name}?`)];
  if (names.length === 0) return 'No device';
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(' | ') + (more > 0 ? ` +${String(more)}` : '');
}

function tooltipOf({ devices, unknown }: ChosenDevices): string {
  return [
    devices.length === 0 ? 'Coppice shows no latencies.' : 'Coppice shows latencies estimated for:',
    ...devices.map((device) => `${device.name}: ${device.runtime} (${trustOf(device)})`),
    ...unknown.map((name) => `There is no device “${name}”.`),
    'Click to choose.',
  ].join('\n');
}

/** `published, −24…+29 % for 80 % of models`; `a bound from the data sheet`. */
export function trustOf({ origin, interval }: DeviceSummary): string {
  if (interval === null) return `${origin}: a bound, never an estimate`;
  const percent = (ratio: number): string => String(Math.round(100 * Math.abs(ratio - 1)));
  return `${origin}, −${percent(interval.low)}…+${percent(interval.high)} % for 80 % of models`;
}
