/**
 * How the layers of models take quantization, as far as it was measured: the tables that lie in
 * `.coppice/sensitivity`, by path of the model. Found in the thread that reads models, because the
 * name of a table is the hash of its model.
 */

import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { dirname } from 'node:path';
import type { LayerSensitivity, SensitivityTable } from '#protocol/sensitivity';
import { sensitivityFile } from '#engine/recipe/sensitivity-folder';
import type { ModelThread } from './model-thread';
import { stampOf } from './stamp';

export interface KnownSensitivity {
  readonly table: SensitivityTable;
  /** By name. */
  readonly layers: ReadonlyMap<string, LayerSensitivity>;
}

/** What the thread found; null where nothing was measured. */
export interface FoundSensitivity {
  /** Where the table lies or would lie. */
  readonly file: string;
  /** Of the table before it was read: what is written meanwhile changes it. */
  readonly stamp: string;
  readonly table: SensitivityTable | null;
}

interface Entry {
  readonly stamp: string;
  readonly file: string;
  readonly known: KnownSensitivity | undefined;
}

/**
 * How often the folders of tables are looked at, in milliseconds. They come with their first table,
 * and editors that watch files may miss what is written into a folder at once after it is made.
 */
const interval = 1000;

export class SensitivityStore {
  private readonly folders = new Set<string>();
  private readonly entries = new Map<string, Entry>();
  private readonly pending = new Map<string, Promise<KnownSensitivity | undefined>>();

  /** @param onChange called when a table has become known or another one. */
  constructor(
    private readonly thread: ModelThread,
    private readonly onChange: (path: string) => void,
  ) {}

  /** What is known now; looks for it where it might be. */
  look(path: string): KnownSensitivity | undefined {
    this.watch(path);
    const entry = this.entries.get(path);
    if (!entry || entry.stamp !== stampsOf(path, entry.file)) void this.read(path);
    return entry?.known;
  }

  /** What lies there, once it has been looked for. */
  async read(path: string): Promise<KnownSensitivity | undefined> {
    // Without the folder there is no table, and no model has to be hashed to know it.
    if (!existsSync(folderOf(path))) {
      this.entries.delete(path);
      return undefined;
    }
    const going = this.pending.get(path) ?? this.find(path);
    this.pending.set(path, going);
    return going.finally(() => this.pending.delete(path));
  }

  forgetAll(): void {
    this.entries.clear();
  }

  close(): void {
    for (const folder of this.folders) unwatchFile(folder);
  }

  /** The path is told as changed when a table comes or goes, and asked for again by whom it concerns. */
  private watch(path: string): void {
    const folder = folderOf(path);
    if (this.folders.has(folder)) return;
    this.folders.add(folder);
    watchFile(folder, { interval, persistent: false }, () => this.onChange(path));
  }

  private async find(path: string): Promise<KnownSensitivity | undefined> {
    const before = this.entries.get(path)?.known?.table.created;
    const model = stampOf(path) ?? '';
    const found = await this.thread
      .run({ kind: 'sensitivity', path })
      .catch((): FoundSensitivity => ({ file: sensitivityFile(path, ''), stamp: '', table: null }));
    const { file, stamp, table } = found;
    const layers = new Map((table?.layers ?? []).map((layer) => [layer.name, layer]));
    const known = table ? { table, layers } : undefined;
    this.entries.set(path, { stamp: `${model} ${stamp}`, file, known });
    if (known?.table.created !== before) this.onChange(path);
    return known;
  }
}

function folderOf(model: string): string {
  return dirname(sensitivityFile(model, ''));
}

/** Changes when the model does, and when its table does. */
function stampsOf(model: string, table: string): string {
  return `${stampOf(model) ?? ''} ${stampOf(table) ?? ''}`;
}
