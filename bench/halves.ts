/** Two halves of a labelled sample of images: every other line of its manifest. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Dataset } from '#engine/data/dataset';
import { openDataset } from '#engine/data/open';
import type { Preprocessing } from '#engine/data/preprocessing';

/** Opens both halves; `images` is the archive that the manifest's names are in. */
export async function openHalves(
  manifest: string,
  images: string,
  preprocessing: Preprocessing,
): Promise<[Dataset, Dataset]> {
  const [header, ...lines] = readFileSync(manifest, 'utf8').trim().split('\n');
  const folder = mkdtempSync(join(tmpdir(), 'coppice-halves-'));
  const open = (half: 0 | 1): Promise<Dataset> => {
    const path = join(folder, `half${half}.csv`);
    const chosen = lines.filter((_, i) => i % 2 === half);
    writeFileSync(path, [header, ...chosen].join('\n'));
    return openDataset(path, { ...preprocessing, images: relative(folder, images) });
  };
  return [await open(0), await open(1)];
}
