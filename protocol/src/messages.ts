/**
 * What the client and the language server say to each other beyond LSP itself: one constant per message.
 * Descriptors carry their types but no library class, because the two sides bundle different versions of the
 * JSON-RPC library and would not recognise each other's. All URIs are strings.
 */
import type { ModelComparison } from './comparison';
import type { DeviceSummary, LatencyEstimate } from './device';
import type { Inspection } from './inspection';
import type { SensitivityTable } from './sensitivity';
import type { WindowSettings } from './settings';

/** A request from client to server. `params` and `result` exist for the compiler only. */
export interface RequestMessage<P, R> {
  readonly method: string;
  readonly params?: P;
  readonly result?: R;
}

/** A one-way message; each constant below says who sends it. */
export interface NotificationMessage<P> {
  readonly method: string;
  readonly params?: P;
}

export type ParamsOf<M> = M extends { readonly params?: infer P } ? NonNullable<P> : never;
export type ResultOf<M> = M extends { readonly result?: infer R } ? NonNullable<R> : never;

const request = <P, R>(method: string): RequestMessage<P, R> => ({ method });
const notification = <P>(method: string): NotificationMessage<P> => ({ method });

/** Sent as `initializationOptions`. */
export interface InitializationOptions {
  /** False in an untrusted workspace: structure and hints only, nothing is run. */
  readonly trusted: boolean;
  readonly settings: WindowSettings;
}

// ——— Client → server ———————————————————————————————————————————————————————————————————————————————

/** Layers, costs and prunability of one model. Fails when the file cannot be read at all. */
export const inspectRequest = request<{ readonly uri: string }, Inspection>('coppice/inspect');

/** Two models side by side, layer by layer. */
export const compareRequest = request<
  { readonly before: string; readonly after: string },
  ModelComparison
>('coppice/compare');

/** A model in the official ONNX text syntax, large tensors elided. */
export const onnxTextRequest = request<{ readonly uri: string }, { readonly text: string }>(
  'coppice/onnxText',
);

/** Scheme of the virtual documents that show such a text; their query is the URI of the model. */
export const onnxTextScheme = 'coppice-onnx-text';

export interface FoundModel {
  readonly uri: string;
  /** Path from its workspace folder, with `/`. */
  readonly label: string;
  readonly bytes: number;
  /** Null until the model has been read. */
  readonly params: number | null;
  readonly macs: number | null;
}

/** All models in the workspace folders and the configured roots. */
export const modelsRequest = request<
  Record<string, never>,
  { readonly models: readonly FoundModel[] }
>('coppice/models');

/** What *Coppice: Compress…* and *Fine-Tune…* ask for without a recipe; the server turns it into a recipe. */
export interface QuickTarget {
  /** Share of the MACs, of the params or of the bytes of weights that is left, 0 … 1. */
  readonly macs?: number;
  readonly params?: number;
  readonly bytes?: number;
  /** How long the result may take on a device: `15 ms`. */
  readonly latency?: string;
  readonly device?: string;
  /** Trains the result. The teacher is the original unless it is given: a URI, for the server a path. */
  readonly finetune?: { readonly epochs: number; readonly teacher?: string };
}

export type CompressParams =
  | { readonly token: string; readonly recipe: string }
  | { readonly token: string; readonly model: string; readonly target: QuickTarget };

export interface RunStarted {
  /** Name of the run: its folder is `.coppice/runs/<run>/`. */
  readonly run: string;
  readonly folder: string;
}

/**
 * Starts a run in a child process and answers at once. `token` is made by the client and marks the messages
 * below, so that none can arrive before the client knows whose it is. Refused in an untrusted workspace.
 */
export const compressRequest = request<CompressParams, RunStarted>('coppice/compress');

/** Stops a run; `runFinished` with `cancelled` follows. An unknown token is no error. */
export const cancelRunNotification = notification<{ readonly token: string }>('coppice/cancelRun');

/**
 * Measures how the layers of a model take quantization, in a child process, and answers at once; progress
 * and end are told as those of runs. `data` is the URI of samples that are taken as they are; without it
 * those of a recipe for the model are used, and `started` is false where there is no such recipe.
 */
export const analyzeSensitivityRequest = request<
  { readonly token: string; readonly model: string; readonly data: string | null },
  { readonly started: boolean }
>('coppice/analyzeSensitivity');

/** The table of a model that was measured before; null where there is none. */
export const sensitivityRequest = request<
  { readonly uri: string },
  { readonly table: SensitivityTable | null }
>('coppice/sensitivity');

/** All ways to run models on all devices there are, those of the user first. */
export const devicesRequest = request<
  Record<string, never>,
  { readonly devices: readonly DeviceSummary[]; readonly chosen: ChosenDevices }
>('coppice/devices');

/** What a model is estimated to take on every device there is, in the same order. */
export const latencyRequest = request<
  { readonly uri: string },
  { readonly estimates: readonly LatencyEstimate[] }
>('coppice/latency');

export interface LinkCandidate {
  readonly uri: string;
  readonly label: string;
  /** Why this model fits: `12 of 12 attribute names of ResNet`. */
  readonly reason: string;
}

/** Which exported model a source file's modules are shown with, and which others would fit. Best first. */
export const linkRequest = request<
  { readonly uri: string },
  { readonly linked: string | null; readonly candidates: readonly LinkCandidate[] }
>('coppice/link');

/** Forget what is known of all models and read them again; the server then asks for new hints. */
export const refreshHintsNotification = notification<Record<string, never>>('coppice/refreshHints');

/** The user trusted the workspace after the server had started. */
export const trustGrantedNotification = notification<Record<string, never>>('coppice/trustGranted');

/** All settings, sent whenever one of them changed. */
export const settingsNotification = notification<WindowSettings>('coppice/settings');

// ——— Server → client ———————————————————————————————————————————————————————————————————————————————

/** For the language status item. */
export interface ServerStatus {
  readonly state: 'idle' | 'busy' | 'warning' | 'error';
  /** Short, e.g. `3 models` or `Reading resnet56.onnx`. */
  readonly text: string;
  /** A sentence or two; null for none. */
  readonly detail: string | null;
}
export const statusNotification = notification<ServerStatus>('coppice/status');

/** Which devices the settings name. */
export interface ChosenDevices {
  readonly devices: readonly DeviceSummary[];
  /** Names that no device has. */
  readonly unknown: readonly string[];
}
/** Sent at the start and whenever others are chosen, or the same ones have other figures. */
export const devicesNotification = notification<ChosenDevices>('coppice/chosenDevices');

export interface RunProgress {
  readonly token: string;
  readonly message: string;
  /** Share of the whole run that is done, 0 … 1; null when it cannot be told. */
  readonly fraction: number | null;
}
export const runProgressNotification = notification<RunProgress>('coppice/runProgress');

export interface RunFinished {
  readonly token: string;
  readonly outcome: 'done' | 'targetMissed' | 'cancelled' | 'failed';
  readonly folder: string;
  /** URI of `report.json`; null unless there is one. */
  readonly report: string | null;
  /** Why it failed or missed its target, or what a cancelled run keeps, for a person; null otherwise. */
  readonly message: string | null;
}
export const runFinishedNotification = notification<RunFinished>('coppice/runFinished');
