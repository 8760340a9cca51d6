/** Datasets of values that are already in memory and preprocessed. */

import type { TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import { memoryBytes } from './byte-source';
import { contentHash } from './content-hash';
import type { Dataset } from './dataset';
import { datasetFrom } from './sample-source';

export interface MemorySamples {
  /** What to call the data in reports and messages, for example `random inputs`. */
  readonly name: string;
  /** Row-major; as many samples as fit. */
  readonly data: TypedArray;
  readonly sampleDims: readonly number[];
  readonly labels?: Int32Array;
}

/** @throws CoppiceError `data-shape` when the values or labels do not come out even. */
export function datasetInMemory({ name, data, sampleDims, labels }: MemorySamples): Dataset {
  const size = sampleDims.reduce((product, dim) => product * dim, 1);
  const samples = data.length / size;
  if (!Number.isInteger(samples) || (labels && labels.length !== samples)) {
    throw new CoppiceError(
      'data-shape',
      `${name}: ${data.length} values are ${samples} samples of [${sampleDims.join(', ')}]` +
        `${labels ? ` for ${labels.length} labels` : ''}.`,
    );
  }
  const source = memoryBytes(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return datasetFrom({
    path: name,
    samples,
    labels,
    sampleDims,
    description: `${sampleDims.join('×')}, ${name}`,
    hash: contentHash([{ label: '', source }], { sampleDims: [...sampleDims] }),
    allocate: (elements) => new (data.constructor as new (length: number) => TypedArray)(elements),
    write: (index, target, offset) => {
      (target as Float32Array).set(
        data.subarray(index * size, (index + 1) * size) as Float32Array,
        offset,
      );
    },
  });
}
