/** The `coppice.*` settings, their defaults, and a reader that never lets a malformed value through. */

export const severities = ['off', 'hint', 'information', 'warning', 'error'] as const;
export type SeveritySetting = (typeof severities)[number];

export interface Settings {
  /** One switch per kind of hint; `editor.inlayHints.enabled` rules over all of them. */
  readonly inlayHints: {
    /** At the line that names a model. */
    readonly model: boolean;
    /** At the line that makes a layer. */
    readonly layer: boolean;
    /** In `coppice.yaml`. */
    readonly recipe: boolean;
  };
  /** In hints and hovers, what each layer would best suffer; reads the weights. */
  readonly advice: boolean;
  /** In hints and hovers, how each layer takes quantization, where it was measured. */
  readonly sensitivity: boolean;
  readonly codeLens: boolean;
  /** Ids of the devices whose latencies are shown, as `coppice devices` lists them; empty for none. */
  readonly devices: readonly string[];
  /** Further folders that model paths may be relative to: absolute, or relative to the workspace folder. */
  readonly modelRoots: readonly string[];
  /** Source file (relative to the workspace folder, `/`) → model it was exported to. */
  readonly links: Readonly<Record<string, string>>;
  /** What models must keep to, as recipes write it; checked by whoever reads them. */
  readonly budgets: readonly object[];
  readonly diagnostics: {
    readonly missingModel: SeveritySetting;
    readonly brokenModel: SeveritySetting;
    /** Of what is certainly over its budget; milder where it is only estimated to be. */
    readonly overBudget: SeveritySetting;
  };
}

export const defaultSettings: Settings = {
  inlayHints: { model: true, layer: true, recipe: true },
  advice: true,
  sensitivity: true,
  codeLens: true,
  // A board that many have, with figures that held up well on models that were left out.
  devices: ['raspberry-pi-4'],
  modelRoots: [],
  links: {},
  budgets: [],
  diagnostics: { missingModel: 'warning', brokenModel: 'error', overBudget: 'error' },
};

/** The settings of a window and, where it has several folders, those of each. */
export interface WindowSettings extends Settings {
  readonly folders?: readonly FolderSettings[];
}

export interface FolderSettings {
  readonly uri: string;
  readonly settings: Settings;
}

/** As `readSettings`, with whatever is told of folders. */
export function readWindowSettings(sent: unknown): WindowSettings {
  const { folders } = asRecord(sent);
  if (!Array.isArray(folders)) return readSettings(sent);
  const read = folders.flatMap((each: unknown) => {
    const { uri, settings } = asRecord(each);
    return typeof uri === 'string' ? [{ uri, settings: readSettings(settings) }] : [];
  });
  return { ...readSettings(sent), folders: read };
}

/** Settings from whatever the editor's `coppice` section holds; a malformed value counts as unset. */
export function readSettings(section: unknown): Settings {
  const root = asRecord(section);
  const hints = asRecord(root.inlayHints);
  const diagnostics = asRecord(root.diagnostics);
  const base = defaultSettings;
  return {
    inlayHints: {
      model: asBoolean(hints.model, base.inlayHints.model),
      layer: asBoolean(hints.layer, base.inlayHints.layer),
      recipe: asBoolean(hints.recipe, base.inlayHints.recipe),
    },
    advice: asBoolean(root.advice, base.advice),
    sensitivity: asBoolean(root.sensitivity, base.sensitivity),
    codeLens: asBoolean(root.codeLens, base.codeLens),
    devices: asStrings(root.devices, base.devices),
    modelRoots: asStrings(root.modelRoots, base.modelRoots),
    links: Object.fromEntries(
      Object.entries(asRecord(root.links)).filter((link): link is [string, string] =>
        isString(link[1]),
      ),
    ),
    budgets: Array.isArray(root.budgets) ? root.budgets.filter(isObject) : base.budgets,
    diagnostics: {
      missingModel: asSeverity(diagnostics.missingModel, base.diagnostics.missingModel),
      brokenModel: asSeverity(diagnostics.brokenModel, base.diagnostics.brokenModel),
      overBudget: asSeverity(diagnostics.overBudget, base.diagnostics.overBudget),
    },
  };
}

function isString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asStrings(value: unknown, fallback: readonly string[]): readonly string[] {
  return Array.isArray(value) ? value.filter(isString) : fallback;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function asBoolean(value: unknown, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

function asSeverity(value: unknown, fallback: SeveritySetting): SeveritySetting {
  return severities.find((severity) => severity === value) ?? fallback;
}
