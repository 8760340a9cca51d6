/**
 * What the server knows: open documents, workspace folders, settings and models. Free of LSP types;
 * `server.ts` keeps it up to date and features answer from it.
 */

import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LatencyEstimate } from '#protocol/device';
import { onnxTextScheme } from '#protocol/messages';
import { defaultSettings, type Settings, type WindowSettings } from '#protocol/settings';
import type { ScopedLimit } from '#engine/budget/limit';
import type { Target } from '#engine/device/profile';
import { discoverFiles, modelFiles } from '#engine/onnx/discover';
import { budgetSources } from '#engine/recipe/budget-sources';
import { AccuracyStore } from './budgets/accuracy-store';
import { BudgetStore, limitsOfSettings } from './budgets/budget-store';
import type { SourceDocument } from './documents/source-document';
import type { ModelReference } from './languages/language';
import { AdviceStore, type KnownAdvice } from './models/advice-store';
import { DeviceList } from './models/device-list';
import { findModel, type FoundModel, type SearchPlaces } from './models/find-model';
import { LatencyStore } from './models/latency-store';
import { ModelStore } from './models/model-store';
import { SensitivityStore, type KnownSensitivity } from './models/sensitivity-store';
import type { ModelThread } from './models/model-thread';
import { WhatIfStore } from './models/what-if-store';

/** Threads that take models apart, so that nobody waits for them. */
export interface ModelThreads {
  readonly reading: ModelThread;
  readonly advice: ModelThread;
}

/** What is known of a model beyond its structure, as far as it may be and is known. */
export interface KnownOfLayers {
  /** On each device that figures are shown for. */
  readonly latency: readonly LatencyEstimate[];
  readonly advice?: KnownAdvice;
  readonly sensitivity?: KnownSensitivity;
}

export interface LocatedReference extends ModelReference, FoundModel {}

export class Workspace {
  settings: WindowSettings = defaultSettings;
  trusted = false;
  /** Absolute paths of the workspace folders. */
  folders: readonly string[] = [];
  readonly documents = new Map<string, SourceDocument>();
  readonly thread: ModelThread;
  readonly models: ModelStore;
  readonly advice: AdviceStore;
  readonly sensitivity: SensitivityStore;
  readonly devices: DeviceList;
  readonly latency: LatencyStore;
  readonly accuracy: AccuracyStore;
  readonly whatIf: WhatIfStore;
  private readonly budgets = new BudgetStore();
  private readonly closers: (() => void)[] = [];
  private discovered: Promise<readonly string[]> | undefined;
  private discoveredNow: readonly string[] = [];

  /** True where the client lets hovers link to commands. */
  linksCommands = false;
  private readonly listeners: ((document: SourceDocument | undefined) => void)[] = [];

  constructor(
    { reading, advice }: ModelThreads,
    onModelsChanged: (path: string | undefined) => void,
    onDevicesChanged: () => void,
  ) {
    this.thread = reading;
    this.models = new ModelStore(reading, (path) => {
      if (path === undefined) this.advice.resume();
      onModelsChanged(path);
    });
    const isFree = (): boolean => this.models.busyWith === undefined;
    this.advice = new AdviceStore(advice, isFree, onModelsChanged);
    this.sensitivity = new SensitivityStore(reading, onModelsChanged);
    this.latency = new LatencyStore(reading, onModelsChanged);
    this.accuracy = new AccuracyStore(reading, onModelsChanged);
    this.whatIf = new WhatIfStore(reading, onModelsChanged);
    this.devices = new DeviceList(() => {
      this.whatIf.forgetAll();
      onDevicesChanged();
    });
  }

  /** Called with a document that was opened, changed or closed; without one when all may look different. */
  onDidChange(listener: (document: SourceDocument | undefined) => void): void {
    this.listeners.push(listener);
  }

  /** Called when the server ends. */
  onClose(listener: () => void): void {
    this.closers.push(listener);
  }

  close(): void {
    this.models.close();
    this.advice.close();
    this.devices.close();
    this.sensitivity.close();
    for (const listener of this.closers) listener();
  }

  changed(document?: SourceDocument): void {
    for (const listener of this.listeners) listener(document);
  }

  /** References with the files they mean. */
  locate(document: SourceDocument): LocatedReference[] {
    const places = this.placesOf(document.path);
    return document.references.map((reference) => ({
      ...reference,
      ...findModel(reference.paths, places),
    }));
  }

  placesOf(file: string): SearchPlaces {
    return {
      file,
      folder: this.folderOf(file),
      roots: this.trusted ? this.settingsFor(file).modelRoots : [],
    };
  }

  /** The innermost workspace folder that a file lies in. */
  folderOf(file: string): string | undefined {
    const holding = this.folders.filter((folder) => isInside(file, folder));
    return holding.sort((a, b) => b.length - a.length)[0];
  }

  /** The settings that hold for a file. */
  settingsFor(file: string): Settings {
    const folder = this.folderOf(file);
    return folder === undefined ? this.settings : this.settingsOf(folder);
  }

  private settingsOf(folder: string): Settings {
    const own = this.settings.folders?.find(({ uri }) => pathOf(uri) === folder);
    return own?.settings ?? this.settings;
  }

  /** Path from the workspace folder, with `/`. */
  labelOf(path: string): string {
    const folder = this.folderOf(path);
    const label = folder === undefined ? path : relative(folder, path);
    return label.replaceAll(sep, '/');
  }

  /** What is advised for the layers of a model, as far as it may be and is known. */
  adviceFor(path: string): KnownAdvice | undefined {
    return this.trusted && this.settingsFor(path).advice ? this.advice.look(path) : undefined;
  }

  /** How the layers of a model take quantization, where that was measured and is to be shown. */
  sensitivityFor(path: string): KnownSensitivity | undefined {
    return this.settingsFor(path).sensitivity ? this.sensitivity.look(path) : undefined;
  }

  /**
   * What a model is estimated to take, as far as it is known, on the devices of the settings unless
   * others are named. Names that no device has are left out.
   */
  latencyOf(path: string, names = this.settingsFor(path).devices): readonly LatencyEstimate[] {
    return this.latency.look(path, this.targetsOf(names));
  }

  /** The profiles that the settings name for a file. */
  targetsFor(path: string): readonly Target[] {
    return this.targetsOf(this.settingsFor(path).devices);
  }

  private targetsOf(names: readonly string[]): readonly Target[] {
    return names.flatMap((name) => this.devices.find(name) ?? []);
  }

  knownOf(path: string, devices = this.settingsFor(path).devices): KnownOfLayers {
    return {
      latency: this.latencyOf(path, devices),
      advice: this.adviceFor(path),
      sensitivity: this.sensitivityFor(path),
    };
  }

  /** What is asked of models, by recipes, budget files and settings. */
  get limits(): readonly ScopedLimit[] {
    const written = this.budgets.limitsIn(this.documents.values());
    const set = this.folders.flatMap((folder) =>
      limitsOfSettings(this.settingsOf(folder).budgets, folder),
    );
    return [...written, ...set];
  }

  /** All model files, found once and again after files have come or gone. */
  allModels(): Promise<readonly string[]> {
    if (!this.discovered) {
      const roots = [...this.folders, ...this.configuredRoots()];
      const walk = discoverFiles(roots, filesOfInterest).then((found) => {
        const models = found.filter((path) => modelFiles.test(path));
        // A later walk knows better.
        if (this.discovered === walk) {
          this.discoveredNow = models;
          this.budgets.found(found.filter((path) => !modelFiles.test(path)));
        }
        return models;
      });
      this.discovered = walk;
    }
    return this.discovered;
  }

  /** The model files as far as they have been found. */
  get knownFiles(): readonly string[] {
    return this.discoveredNow;
  }

  /** False once files have come or gone, until somebody asks for all models. */
  get filesAreKnown(): boolean {
    return this.discovered !== undefined;
  }

  filesChanged(): void {
    this.discovered = undefined;
    this.accuracy.forgetAll();
  }

  private configuredRoots(): string[] {
    if (!this.trusted) return [];
    if (this.folders.length === 0)
      return this.settings.modelRoots.filter((root) => isAbsolute(root));
    return this.folders.flatMap((folder) =>
      this.settingsOf(folder).modelRoots.map((root) =>
        isAbsolute(root) ? root : `${folder}/${root}`,
      ),
    );
  }
}

/** Models, recipes and budget files, in one walk. */
const filesOfInterest = new RegExp(`${modelFiles.source}|${budgetSources.source}`, 'i');

function isInside(file: string, folder: string): boolean {
  const path = relative(folder, file);
  return path !== '' && !path.startsWith('..') && !isAbsolute(path);
}

/** The file that a document shows: itself, or the model that a virtual document prints as text. */
export function shownFile(uri: string): string | undefined {
  if (!uri.startsWith(`${onnxTextScheme}:`)) return pathOf(uri);
  const query = uri.indexOf('?');
  try {
    return query < 0 ? undefined : pathOf(decodeURIComponent(uri.slice(query + 1)));
  } catch {
    return undefined;
  }
}

/** The path of a `file:` URI; undefined for anything else. */
export function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}
