import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { zipSync } from 'fflate';
import { encode as encodeJpeg } from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import numpy from '../../../test/fixtures/data/numpy.json';
import pillow from '../../../test/fixtures/data/pillow.json';
import type { Dataset } from './dataset';
import { openDataset } from './open';
import { npy } from './testing/npy-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-data-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** A one-colour image whose red tells it apart. */
function png(red: number, width = 2, height = 2): Uint8Array {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set([red, 10, 20, 255], 4 * i);
  return PNG.sync.write(image);
}

interface Content {
  values: number[];
  labels: number[];
  sizes: number[];
}

async function contentOf(dataset: Dataset, size = 2): Promise<Content> {
  const content: Content = { values: [], labels: [], sizes: [] };
  for await (const batch of dataset.batches(size)) {
    expect(batch.dims.slice(1)).toEqual(dataset.sampleDims);
    content.values.push(...Array.from(batch.data as ArrayLike<number>, Number));
    content.labels.push(...(batch.labels ?? []));
    content.sizes.push(batch.dims[0]);
  }
  return content;
}

/** The red of each sample of one-colour images. */
const reds = async (dataset: Dataset): Promise<number[]> => {
  const { values } = await contentOf(dataset);
  const size = values.length / dataset.samples;
  return values.filter((_, i) => i % size === 0);
};

describe('arrays', () => {
  const pixels = Uint8Array.from({ length: 24 }, (_, i) => i);

  it('of an .npz go in as stored, with labels', async () => {
    const dataset = await openDataset(write('a.npz', decode(numpy.npz)));
    expect(dataset).toMatchObject({ samples: 2, labelled: true, sampleDims: [3, 2, 2] });
    expect(dataset.description).toBe('2 samples of 3×2×2 uint8; value = pixel as stored');
    expect(await contentOf(dataset, 1)).toEqual({
      values: [...pixels],
      labels: [4, 1],
      sizes: [1, 1],
    });
    const stored = await openDataset(write('b.npz', decode(numpy.storedNpz)));
    expect(stored).toMatchObject({ samples: 2, labelled: false, sampleDims: [3] });
  });

  it('of an .npy take labels from a file beside it', async () => {
    write('y.npy', npy('<i8', [2], BigInt64Array.of(7n, 8n)));
    const path = write('x.npy', npy('|u1', [2, 3, 2, 2], pixels));
    expect((await contentOf(await openDataset(path, { labels: 'y.npy' }))).labels).toEqual([7, 8]);
    expect((await openDataset(path)).labelled).toBe(false);
  });

  it('are found under other names by option, and ask for it', async () => {
    const path = write(
      'a.npz',
      zipSync({
        'x_train.npy': npy('<f4', [2, 1], Float32Array.of(1, 2)),
        'x_test.npy': npy('<f4', [1, 1], Float32Array.of(3)),
        'y_test.npy': npy('<i4', [1], Int32Array.of(9)),
      }),
    );
    await expect(openDataset(path)).rejects.toThrow(
      /none of its arrays \(x_train, x_test, y_test\)/,
    );
    const dataset = await openDataset(path, { images: 'x_test', labels: 'y_test' });
    expect(await contentOf(dataset)).toMatchObject({ values: [3], labels: [9] });
    await expect(openDataset(path, { images: 'z' })).rejects.toThrow('no array "z"');
    await expect(openDataset(path, { images: 'x_train', labels: 'y_test' })).rejects.toThrow(
      'labels have the shape [1], but there are 2 samples',
    );
  });

  it('are normalized by channel, reordered and laid out', async () => {
    const path = write('x.npy', npy('|u1', [1, 3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)));
    const values = async (options: Parameters<typeof openDataset>[1]): Promise<number[]> =>
      (await contentOf(await openDataset(path, options))).values;
    expect(await values({ mean: [10, 20, 30], std: 2 })).toEqual([-4.5, -4, -8.5, -8, -12.5, -12]);
    expect(await values({ channels: 'bgr' })).toEqual([5, 6, 3, 4, 1, 2]);
    expect(await values({ channels: 'bgr', mean: [5, 3, 1] })).toEqual([0, 1, 0, 1, 0, 1]);
    expect(await values({ layout: 'nhwc' })).toEqual([1, 3, 5, 2, 4, 6]);
    expect(await values({ crop: [1, 1] })).toEqual([1, 3, 5]);
  });

  it('stored HWC become NCHW where they are images', async () => {
    const path = write(
      'x.npy',
      npy(
        '|u1',
        [1, 2, 5, 3],
        Uint8Array.from({ length: 30 }, (_, i) => i),
      ),
    );
    const dataset = await openDataset(path);
    expect(dataset.sampleDims).toEqual([3, 2, 5]);
    expect((await contentOf(dataset)).values.slice(0, 3)).toEqual([0, 3, 6]);
    const floats = write('f.npy', npy('<f4', [1, 2, 5, 3], new Float32Array(30)));
    expect((await openDataset(floats)).sampleDims).toEqual([2, 5, 3]);
    expect((await openDataset(floats, { layout: 'nchw' })).sampleDims).toEqual([3, 2, 5]);
  });

  it('of wide integers keep their type, and become floats when normalized', async () => {
    const path = write('ids.npy', npy('<i8', [2, 2], BigInt64Array.of(1n, 2n, 3n, 2n ** 60n)));
    for await (const { data } of (await openDataset(path)).batches(2)) {
      expect(data).toEqual(BigInt64Array.of(1n, 2n, 3n, 2n ** 60n));
    }
    expect(
      (await contentOf(await openDataset(path, { mean: 1, scale: 1, limit: 1 }))).values,
    ).toEqual([0, 1]);
    await expect(openDataset(path, { resize: 4 })).rejects.toThrow(
      '[2] are not images, so resize cannot',
    );
  });

  it('refuse labels that are no classes', async () => {
    write('y.npy', npy('<f4', [2], Float32Array.of(1, 1.5)));
    const path = write('x.npy', npy('|u1', [2, 1], Uint8Array.of(1, 2)));
    await expect(openDataset(path, { labels: 'y.npy' })).rejects.toThrow(
      'the label 1.5 is not a class',
    );
  });
});

describe('image folders', () => {
  const tree = {
    'cat/2.png': png(2),
    'cat/1.png': png(1),
    'ant/9.PNG': png(9),
    'bee/5.png': png(5),
  };
  const writeTree = (): string => {
    for (const [name, content] of Object.entries(tree)) write(`set/${name}`, content);
    return join(folder, 'set');
  };

  it('give classes in the order of their names, as does a zip of the folder', async () => {
    const dataset = await openDataset(writeTree());
    expect(dataset).toMatchObject({ samples: 4, labelled: true, sampleDims: [3, 2, 2] });
    expect((await contentOf(dataset)).labels).toEqual([0, 1, 2, 2]);
    expect(await reds(dataset)).toEqual([9, 5, 1, 2]);
    const nested = Object.fromEntries(
      Object.entries(tree).map(([name, data]) => [`top/set/${name}`, data]),
    );
    for (const files of [tree, nested, { ...tree, '__MACOSX/cat/._1.png': png(0) }]) {
      const zipped = await openDataset(write('set.zip', zipSync(files)));
      expect((await contentOf(zipped)).labels).toEqual([0, 1, 2, 2]);
      expect(await reds(zipped)).toEqual([9, 5, 1, 2]);
    }
  });

  it('take folders that are numbers for class indices', async () => {
    const zip = zipSync({ '10/a.png': png(1), '9/a.png': png(2), '007/a.png': png(3) });
    const dataset = await openDataset(write('n.zip', zip));
    expect((await contentOf(dataset)).labels).toEqual([7, 9, 10]);
    expect(await reds(dataset)).toEqual([3, 2, 1]);
  });

  it('without classes have no labels; a stray image beside classes is named', async () => {
    const flat = await openDataset(write('f.zip', zipSync({ 'a.png': png(1), 'b.png': png(2) })));
    expect(flat.labelled).toBe(false);
    const stray = write('s.zip', zipSync({ ...tree, 'stray.png': png(0) }));
    await expect(openDataset(stray)).rejects.toThrow('"stray.png" lies beside the class folders');
    await expect(openDataset(write('e.zip', zipSync({ 'a.txt': png(1) })))).rejects.toThrow(
      'no images',
    );
  });

  it('name the image that is damaged, and the one that has another size', async () => {
    const whole = encodeJpeg(
      { data: new Uint8Array(64 * 64 * 4).fill(99), width: 64, height: 64 },
      90,
    ).data;
    for (const bad of [
      png(3).slice(0, 40),
      png(3).slice(0, -20),
      whole.slice(0, 300),
      Buffer.from('hi'),
    ]) {
      const path = write('bad.zip', zipSync({ 'a/1.png': png(1), 'b/bad.jpg': bad }));
      await expect(contentOf(await openDataset(path))).rejects.toMatchObject({
        name: 'CoppiceError',
        message: expect.stringContaining(`${path}: b/bad.jpg: the image cannot be read`) as string,
      });
    }
    const mixed = write('m.zip', zipSync({ 'a/1.png': png(1), 'b/2.png': png(2, 3, 2) }));
    await expect(contentOf(await openDataset(mixed))).rejects.toThrow(
      'b/2.png: it has 3×2 pixels, but a/1.png has 2×2. Give resize and crop.',
    );
    expect((await contentOf(await openDataset(mixed, { resize: [2, 2] }))).sizes).toEqual([2]);
    await expect(openDataset(mixed, { crop: 9 })).rejects.toThrow(
      'a/1.png: the image has 2×2 pixels',
    );
  });

  it('believe no image header that claims more than can be', async () => {
    const bomb = png(1);
    new DataView(bomb.buffer, bomb.byteOffset).setUint32(16, 2 ** 30);
    await expect(openDataset(write('b.zip', zipSync({ 'a.png': bomb })))).rejects.toThrow(
      'it claims 1073741824×2 pixels',
    );
  });

  it('decode PNG exactly, transparent or not, and JPEG closely', async () => {
    const { width, height } = pillow;
    const path = write('p/a.png', decode(pillow.png));
    const expected = [...decode(pillow.pixels)];
    const options = { layout: 'nhwc' } as const;
    const exact = await openDataset(dirname(path), options);
    expect(exact.sampleDims).toEqual([height, width, 3]);
    expect((await contentOf(exact)).values).toEqual(expected);
    const alpha = await openDataset(dirname(write('q/a.png', decode(pillow.alphaPng))), options);
    expect((await contentOf(alpha)).values).toEqual(pillow.alphaPixels);
    const gray = await openDataset(dirname(path), { channels: 'gray' });
    expect((await contentOf(gray)).values).toEqual([...decode(pillow.gray)]);
    const flat = { data: new Uint8Array(64).fill(120), width: 4, height: 4 };
    const jpeg = await openDataset(dirname(write('r/a.jpg', encodeJpeg(flat, 95).data)));
    for (const value of (await contentOf(jpeg)).values)
      expect(Math.abs(value - 120)).toBeLessThan(4);
  });
});

describe('CSV manifests', () => {
  const csv = 'Index,file,note\n3,b.png,"one, two"\n1,"a.png",\n';

  it('give files, order and labels, wherever the images lie', async () => {
    const path = write('labels.csv', csv);
    write('other/x.png', png(0));
    write('pictures/a.png', png(1));
    write('pictures/b.png', png(2));
    const check = async (dataset: Dataset): Promise<void> => {
      expect((await contentOf(dataset)).labels).toEqual([3, 1]);
      expect(await reds(dataset)).toEqual([2, 1]);
    };
    await check(await openDataset(path));
    await check(await openDataset(path, { images: 'pictures' }));
    await check(await openDataset(join(folder, 'pictures'), { labels: 'labels.csv' }));
    rmSync(join(folder, 'pictures'), { recursive: true });
    const zip = write('images.zip', zipSync({ 'a.png': png(1), 'b.png': png(2), 'c.png': png(3) }));
    await check(await openDataset(path));
    await check(await openDataset(zip, { labels: 'labels.csv' }));
    write('a.png', png(1));
    write('b.png', png(2));
    await check(await openDataset(path));
  });

  it('may name classes', async () => {
    write('a.png', png(1));
    const path = write('m.csv', '\ufefffile,label\r\na.png,dog\r\na.png,cat\r\na.png,dog\r\n');
    expect((await contentOf(await openDataset(path))).labels).toEqual([1, 0, 1]);
  });

  it('say what is missing', async () => {
    const path = write('m.csv', 'name,label\na.png,1\n');
    await expect(openDataset(path)).rejects.toThrow('a column "file"');
    write('m.csv', 'file,label\nnone.png,1\n');
    await expect(openDataset(path)).rejects.toThrow('"none.png" was found neither beside it nor');
    const zip = write('z.zip', zipSync({ 'a.png': png(1) }));
    await expect(openDataset(zip, { labels: 'm.csv' })).rejects.toThrow(
      '"none.png", which the manifest',
    );
  });
});

describe('a dataset', () => {
  const ramp = (count: number): Uint8Array =>
    npy(
      '<f4',
      [count, 1],
      Float32Array.from({ length: count }, (_, i) => i),
    );

  it('is limited to samples that are evenly spaced', async () => {
    const path = write('x.npy', ramp(10));
    expect((await contentOf(await openDataset(path, { limit: 4 }))).values).toEqual([0, 2, 5, 7]);
    expect((await openDataset(path, { limit: 99 })).samples).toBe(10);
  });

  it('gives seeded samples: the same for the same seed, without repetition', async () => {
    const dataset = await openDataset(write('x.npy', ramp(50)));
    const draw = async (seed: number): Promise<number[]> =>
      (await contentOf(dataset.sample(20, seed))).values;
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
    expect(new Set(await draw(1)).size).toBe(20);
    expect(dataset.sample(99, 1).samples).toBe(50);
    expect(dataset.sample(20, 1).hash).toBe(dataset.sample(20, 1).hash);
    expect(dataset.sample(20, 1).hash).not.toBe(dataset.sample(20, 2).hash);
  });

  it('has an identity of content and options, not of place', async () => {
    const path = write('one/x.npy', ramp(5));
    const { hash } = await openDataset(path);
    cpSync(join(folder, 'one'), join(folder, 'two'), { recursive: true });
    cpSync(path, join(folder, 'two/renamed.npy'));
    expect((await openDataset(join(folder, 'two/x.npy'))).hash).toBe(hash);
    expect((await openDataset(join(folder, 'two/renamed.npy'))).hash).toBe(hash);
    expect((await openDataset(path, { mean: 3 })).hash).not.toBe(hash);
    expect((await openDataset(path, { limit: 3 })).hash).not.toBe(hash);
    write('one/x.npy', ramp(6));
    expect((await openDataset(path)).hash).not.toBe(hash);
  });

  it('takes options from coppice-data.yaml beside it; explicit ones win', async () => {
    const path = write('x.npy', npy('|u1', [1, 1], Uint8Array.of(200)));
    write('coppice-data.yaml', 'mean: 100\nscale: 2\n');
    expect((await contentOf(await openDataset(path))).values).toEqual([300]);
    expect((await contentOf(await openDataset(path, { mean: 1 }))).values).toEqual([399]);
    const file = write('coppice-data.yaml', 'meen: 100\n');
    await expect(openDataset(path)).rejects.toThrow(new RegExp(`${file}: .*meen`));
    write('coppice-data.yaml', 'mean: [1\n');
    await expect(openDataset(path)).rejects.toThrow(`${file}: it is not YAML`);
  });

  it('leaves out the first samples and says which ones the others are', async () => {
    const shuffled = (await openDataset(write('x.npy', ramp(50)))).sample(30, 1);
    const rest = shuffled.skip(12);
    expect(rest.samples).toBe(18);
    expect(rest.hash).not.toBe(shuffled.hash);
    const { values } = await contentOf(shuffled);
    expect((await contentOf(rest)).values).toEqual(values.slice(12));
    const indices: number[] = [];
    for await (const batch of rest.batches(7)) indices.push(...batch.indices!);
    expect(indices).toEqual(values.slice(12).map(Number));
  });

  it('knows what black and white become, where pixels are bytes or floats up to 1', async () => {
    const options = { mean: [0.5], std: [0.25] };
    const bytes = await openDataset(
      write('b.npy', npy('|u1', [1, 1, 2, 2], new Uint8Array(4))),
      options,
    );
    expect(bytes.images).toEqual({ layout: 'nchw', range: { black: [-2], white: [2] } });
    const stored = npy('<f4', [1, 1, 2, 2], new Uint8Array(16));
    const floats = await openDataset(write('f.npy', stored), options);
    expect(floats.images?.range).toEqual({ black: [-2], white: [2] });
    expect((await openDataset(write('f.npy', stored))).images).toEqual({ layout: 'nchw' });
    const raw = await openDataset(write('b.npy', npy('|u1', [1, 1, 2, 2], new Uint8Array(4))));
    expect(raw.images?.range).toEqual({ black: [0], white: [255] });
  });

  it('prepares one batch ahead, not more, and stops when told to', async () => {
    const dataset = await openDataset(write('x.npy', ramp(100)));
    const controller = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const batch of dataset.batches(10, controller.signal)) {
        seen.push(Number(batch.data[0]));
        if (seen.length === 2) controller.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(seen.length).toBeLessThanOrEqual(3);
  });

  it('says what data can be', async () => {
    await expect(openDataset(join(folder, 'none'))).rejects.toThrow(
      'there is no such file or folder',
    );
    await expect(openDataset(write('a.txt', 'x'))).rejects.toThrow('data is an .npz or .npy array');
    await expect(openDataset(write('e.npy', decode(numpy.empty)))).rejects.toThrow('no samples');
    await expect(openDataset(write('s.npy', decode(numpy.scalar)))).rejects.toThrow(
      'a single number',
    );
    await expect(openDataset(write('z.npz', 'PK'))).rejects.toThrow('z.npz: it has no directory');
  });

  it.skipIf(!existsSync(resolve('../shared/data')))(
    'of twelve thousand zipped images opens by its directory (needs ../shared)',
    async () => {
      const path = resolve('../shared/data/cifar10-train12k-jpeg.zip');
      const dataset = await openDataset(path, { limit: 20 });
      expect(dataset).toMatchObject({ samples: 20, labelled: true, sampleDims: [3, 32, 32] });
      const { labels } = await contentOf(dataset, 8);
      expect(labels).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
    },
  );
});
