/** Opens data by what the path is: .npz, .npy, .csv, .zip, or a folder of images. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { fedInputs } from '../ir/fed-inputs';
import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';
import { openNpz, openSingleNpy } from './array-data';
import type { Dataset } from './dataset';
import { openImages } from './image-data';
import { imagesOfManifest, imagesOfStore } from './image-files';
import { openInputArrays } from './input-arrays';
import { preprocessingSchema, type Preprocessing } from './preprocessing';
import { datasetFrom, type SampleSource } from './sample-source';

/** Preprocessing options that lie beside the data, or in the folder that is the data. */
export const dataOptionsFile = 'coppice-data.yaml';
const maxOptionsBytes = 1 << 20;

/**
 * Opens a dataset. Options given here come before those of a `coppice-data.yaml` beside the data.
 *
 * @param model whose inputs are fed; one of several takes an .npz with an array for each.
 * @throws CoppiceError naming the file and what is wrong with it.
 */
export async function openDataset(
  path: string,
  options: Preprocessing = {},
  model?: Model,
): Promise<Dataset> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new CoppiceError('data-missing', `${path}: there is no such file or folder.`);
  }
  const given = checked('Preprocessing options', options);
  const all = { ...storedOptions(path, found.isDirectory()), ...given };
  return datasetFrom(await openSource(path, found.isDirectory(), all, model), all.limit);
}

async function openSource(
  path: string,
  isFolder: boolean,
  options: Preprocessing,
  model: Model | undefined,
): Promise<SampleSource> {
  const extension = isFolder ? 'folder' : extname(path).toLowerCase();
  switch (extension) {
    case '.npz':
      return model && fedInputs(model).length > 1
        ? openInputArrays(path, model, options)
        : openNpz(path, options, model && fedInputs(model)[0]?.name);
    case '.npy':
      return openSingleNpy(path, options);
    case '.csv':
      return openImages(path, imagesOfManifest(path, options), options);
    case '.zip':
    case 'folder':
      return openImages(path, imagesOfStore(path, options), options);
    default:
      throw new CoppiceError(
        'data-format',
        `${path}: data is an .npz or .npy array, a folder or .zip with one folder of images per ` +
          'class, or a .csv that lists images.',
      );
  }
}

function storedOptions(path: string, isFolder: boolean): Preprocessing {
  const beside = join(dirname(path), dataOptionsFile);
  const inside = join(path, dataOptionsFile);
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? -1;
  const file = isFolder && size(inside) >= 0 ? inside : beside;
  if (size(file) < 0) return {};
  if (size(file) > maxOptionsBytes)
    throw new CoppiceError('data-options', `${file}: it is too long.`);
  try {
    return checked(file, parse(readFileSync(file, 'utf8')) ?? {});
  } catch (cause) {
    if (cause instanceof CoppiceError) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CoppiceError('data-options', `${file}: it is not YAML: ${detail}`, { cause });
  }
}

/** The options without keys that are undefined. */
function checked(where: string, options: unknown): Preprocessing {
  const result = preprocessingSchema.safeParse(options);
  if (!result.success) {
    throw new CoppiceError('data-options', `${where}: ${z.prettifyError(result.error)}`);
  }
  const entries = Object.entries(result.data).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Preprocessing;
}
