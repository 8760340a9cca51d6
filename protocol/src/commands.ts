/** Ids of the editor commands that the server names in code lenses and hovers, and their arguments. */

export const commandIds = {
  compress: 'coppice.compress',
  finetune: 'coppice.finetune',
  inspect: 'coppice.inspect',
  analyzeSensitivity: 'coppice.analyzeSensitivity',
  showReport: 'coppice.showReport',
  runRecipe: 'coppice.runRecipe',
  compare: 'coppice.compare',
  openAsText: 'coppice.openAsText',
  restartServer: 'coppice.restartServer',
  selectDevices: 'coppice.selectDevices',
  linkModel: 'coppice.linkModel',
} as const;

export type CommandId = (typeof commandIds)[keyof typeof commandIds];

/** Arguments are always one array of strings, so that `command:` links can carry them as JSON. */
export interface CommandArguments {
  /** URI of the model; a `QuickTarget` as JSON, and how the goal is called: `15 ms on Raspberry Pi 4`. */
  readonly [commandIds.compress]: readonly [model?: string, target?: string, goal?: string];
  /** URIs of the model and of the one that teaches it. */
  readonly [commandIds.finetune]: readonly [model?: string, teacher?: string];
  readonly [commandIds.inspect]: readonly [model?: string];
  readonly [commandIds.analyzeSensitivity]: readonly [model?: string];
  /** URI of a `report.json`. */
  readonly [commandIds.showReport]: readonly [report?: string];
  /** URI of a `coppice.yaml`. */
  readonly [commandIds.runRecipe]: readonly [recipe?: string];
  readonly [commandIds.compare]: readonly [before?: string, after?: string];
  readonly [commandIds.openAsText]: readonly [model?: string];
  readonly [commandIds.restartServer]: readonly [];
  readonly [commandIds.selectDevices]: readonly [];
  /** URI of the source file. */
  readonly [commandIds.linkModel]: readonly [source?: string];
}

/** Commands that a hover may link to. None of them runs a model without asking first. */
export const linkableCommands: readonly CommandId[] = [
  commandIds.compress,
  commandIds.inspect,
  commandIds.compare,
  commandIds.openAsText,
  commandIds.linkModel,
  commandIds.selectDevices,
];
