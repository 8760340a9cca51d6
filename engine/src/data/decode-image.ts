/**
 * JPEG and PNG bytes to RGB pixels. `sharp` decodes where the user has installed it (then also WebP,
 * TIFF and others), `jpeg-js` and `pngjs` otherwise; jpeg-js upsamples chroma in another way than
 * libjpeg, which changes pixels by a few steps, so the decoder's name is part of a data set's identity.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decode as decodeJpeg } from 'jpeg-js';
import { PNG } from 'pngjs';
import { CoppiceError } from '../ir/issue';
import { interleaved, type Raster } from './raster';

export interface ImageDecoder {
  readonly name: string;
  /** RGB, transparent pixels as the colour they hide. `name` is for messages. */
  decode(bytes: Uint8Array, name: string): Promise<Raster>;
}

/** What one image may take, whatever its header says. */
const maxPixels = 100_000_000;

/** The best decoder that is installed. */
export function imageDecoder(): ImageDecoder {
  return withSharp() ?? plain;
}

/** The decoder that is always there. */
export const plain: ImageDecoder = {
  name: 'jpeg-js and pngjs',
  decode: (bytes, name) => {
    try {
      return Promise.resolve(decodePlain(bytes));
    } catch (cause) {
      return Promise.reject(unreadable(name, cause));
    }
  },
};

function decodePlain(bytes: Uint8Array): Raster {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {
    const { data, width, height } = decodeJpeg(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: 2048,
    });
    return interleaved(data, width, height, 3);
  }
  if (bytes[0] === 0x89 && bytes[1] === 0x50) {
    checkPngSize(bytes);
    const { data, width, height } = PNG.sync.read(Buffer.from(bytes));
    const { step, ...rest } = interleaved(data, width, height, 4);
    return { ...rest, step, channels: 3 };
  }
  throw new Error('it is neither JPEG nor PNG; for other formats install the package sharp');
}

/** The header comes first; a decoder would believe it and allocate. */
function checkPngSize(bytes: Uint8Array): void {
  if (bytes.byteLength < 24) throw new Error('it is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height > maxPixels) throw new Error(`it claims ${width}×${height} pixels`);
}

/** The part of sharp's interface that is used; the package is not a dependency. */
type Sharp = (
  bytes: Uint8Array,
  options: { failOn: 'truncated'; limitInputPixels: number },
) => {
  removeAlpha(): ReturnType<Sharp>;
  toColourspace(space: 'srgb'): ReturnType<Sharp>;
  raw(): ReturnType<Sharp>;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
};

function withSharp(): ImageDecoder | undefined {
  const here = typeof __filename === 'string' ? __filename : join(process.cwd(), 'index.js');
  let sharp: Sharp;
  try {
    sharp = createRequire(here)('sharp') as Sharp;
  } catch {
    return undefined;
  }
  return {
    name: 'sharp',
    decode: async (bytes, name) => {
      try {
        const { data, info } = await sharp(bytes, {
          failOn: 'truncated',
          limitInputPixels: maxPixels,
        })
          .removeAlpha()
          .toColourspace('srgb')
          .raw()
          .toBuffer({ resolveWithObject: true });
        return interleaved(data, info.width, info.height, info.channels);
      } catch (cause) {
        throw unreadable(name, cause);
      }
    },
  };
}

function unreadable(name: string, cause: unknown): CoppiceError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new CoppiceError('image', `${name}: the image cannot be read: ${detail}.`, { cause });
}
