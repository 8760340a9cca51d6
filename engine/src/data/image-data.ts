/** Datasets of image files, decoded one by one as batches need them. */

import { CoppiceError } from '../ir/issue';
import { contentHash } from './content-hash';
import { imageDecoder, type ImageDecoder } from './decode-image';
import type { ImageFile, ImageFiles } from './image-files';
import { formulaText, type Preprocessing } from './preprocessing';
import type { Raster } from './raster';
import type { SampleSource } from './sample-source';
import { arrange, dimsOfRaster, formulaFor, imageLayoutOf, writeValues } from './sample-transform';

/**
 * The size of samples is that of the first image, which is decoded here.
 *
 * @throws CoppiceError `image` naming the file that cannot be read or has another size.
 */
export async function openImages(
  path: string,
  { files, labelled, content }: ImageFiles,
  options: Preprocessing,
  decoder: ImageDecoder = imageDecoder(),
): Promise<SampleSource> {
  const prepare = async (file: ImageFile): Promise<Raster> => {
    const name = `${path}: ${file.name}`;
    const raster = await decoder.decode(file.read(), name);
    try {
      return arrange(raster, options);
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      throw new CoppiceError(error.code, `${name}: ${error.message}`, { cause: error });
    }
  };
  const first = await prepare(files[0]);
  const formula = formulaFor(first, options);
  const layout = options.layout ?? 'nchw';
  return {
    path,
    samples: files.length,
    labels: labelled ? Int32Array.from(files, (file) => file.label!) : undefined,
    sampleDims: dimsOfRaster(first, options),
    images: imageLayoutOf(first, options),
    description:
      `images, ${first.width}×${first.height} ${options.channels ?? 'rgb'}, decoded by ` +
      `${decoder.name}; value = ${formulaText(formula)}`,
    hash: contentHash(content, { ...options, limit: undefined, decoder: decoder.name }),
    allocate: (elements) => new Float32Array(elements),
    write: async (index, target, offset) => {
      const raster = await prepare(files[index]);
      if (raster.width !== first.width || raster.height !== first.height) {
        throw new CoppiceError(
          'image',
          `${path}: ${files[index].name}: it has ${raster.width}×${raster.height} pixels, but ` +
            `${files[0].name} has ${first.width}×${first.height}. Give resize and crop.`,
        );
      }
      writeValues(raster, formula, layout, target as Float32Array, offset);
    },
  };
}
