/** What a result says of how it was made, in its `metadata_props`. */

import type { Model } from '../ir/model';
import { version } from '../version';

export interface Provenance {
  /** Hash of the recipe in canonical form. */
  readonly recipe: string;
  /** Hash of the source model's file. */
  readonly source: string;
  readonly seed: number;
}

/** A model with the provenance set; other metadata stays, an earlier provenance is replaced. */
export function withProvenance(model: Model, { recipe, source, seed }: Provenance): Model {
  const entries = {
    'coppice.version': version,
    'coppice.recipe': recipe,
    'coppice.source': source,
    'coppice.seed': String(seed),
  };
  const others = model.metadataProps.filter(({ key }) => !(key !== undefined && key in entries));
  const added = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { ...model, metadataProps: [...others, ...added] };
}
