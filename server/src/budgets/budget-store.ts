/**
 * The budgets of the workspace: those of recipes and budget files, as they are in the editor or on
 * disk, and those of the settings. Asking costs a `stat` for each file.
 */

import { readFileSync, statSync } from 'node:fs';
import { limitsOf, type ScopedLimit } from '#engine/budget/limit';
import { budgetSchema } from '#engine/budget/schema';
import { budgetSources, readBudgetSource } from '#engine/recipe/budget-sources';
import { basename } from 'node:path';
import type { SourceDocument } from '../documents/source-document';
import { stampOf } from '../models/stamp';

/** Larger files are nothing that a person wrote. */
const mostBytes = 1_000_000;

interface Entry {
  /** Of the file, or the version of the open document. */
  readonly stamp: string;
  readonly limits: readonly ScopedLimit[];
}

export class BudgetStore {
  private readonly entries = new Map<string, Entry>();
  private files: readonly string[] = [];

  /** Sets the recipes and budget files that there are on disk. */
  found(files: readonly string[]): void {
    this.files = files;
    for (const path of this.entries.keys()) if (!files.includes(path)) this.entries.delete(path);
  }

  /** @param open documents, which are ahead of what is on disk. */
  limitsIn(open: Iterable<SourceDocument>): readonly ScopedLimit[] {
    const documents = new Map(
      [...open].filter(isBudgetSource).map((document) => [document.path, document]),
    );
    return [...new Set([...this.files, ...documents.keys()])].flatMap((path) =>
      this.limitsOf(path, documents.get(path)),
    );
  }

  private limitsOf(path: string, document: SourceDocument | undefined): readonly ScopedLimit[] {
    const stamp = document ? `open ${document.version}` : stampOf(path);
    if (stamp === undefined) return [];
    const entry = this.entries.get(path);
    if (entry?.stamp === stamp) return entry.limits;
    const text = document?.text ?? textOf(path);
    const source = text === undefined ? undefined : readBudgetSource(path, text);
    const broken = source?.problems.some(({ severity }) => severity === 'error');
    // While somebody types a recipe is often broken; its budgets stay what they were.
    const limits = broken && document ? (entry?.limits ?? []) : (source?.limits ?? []);
    this.entries.set(path, { stamp, limits });
    return limits;
  }
}

export function isBudgetSource({ path }: Pick<SourceDocument, 'path'>): boolean {
  return budgetSources.test(basename(path));
}

/** Budgets of the settings of a workspace folder; malformed ones count as unset. */
export function limitsOfSettings(
  budgets: readonly unknown[],
  folder: string,
): readonly ScopedLimit[] {
  const parsed = budgets.flatMap((each) => budgetSchema.safeParse(each).data ?? []);
  return limitsOf(parsed, {
    scope: { kind: 'glob', folder, glob: '**/*.onnx' },
    folder,
    placeOf: () => null,
  });
}

function textOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= mostBytes ? readFileSync(path, 'utf8') : undefined;
}
