/** Which places of model and teacher belong together: by the names of layers, else by the stages' ends. */

import type { Layer } from '../inspect/layers';
import { CoppiceError } from '../ir/issue';
import type { DefaultPlaces } from './losses/feature-loss';
import type { StageEnd, TapPair, Taps } from './taps';

/** Layers of the model, each with the one of the teacher that it is compared with. */
export type NamedPlaces = Readonly<Record<string, string>>;

/** @throws CoppiceError `no-such-layer`, `ambiguous-layer`. */
export function namedPairs(student: Taps, teacher: Taps, names: NamedPlaces): TapPair[] {
  return Object.entries(names).map(([own, theirs]) => ({
    student: student.of(layerNamed(student.layers, own, 'model')),
    teacher: teacher.of(layerNamed(teacher.layers, theirs, 'teacher')),
  }));
}

/** @throws CoppiceError `no-stages`, `no-embedding`, with what to do instead. */
export function defaultPlaces(student: Taps, teacher: Taps): DefaultPlaces {
  return {
    stages: () => {
      const pairs = pairedStages(student.stageEnds(), teacher.stageEnds());
      if (pairs.length > 0) return pairs;
      throw new CoppiceError(
        'no-stages',
        `Model and teacher have no maps of the same size at the ends of stages: name layers to be compared (layers: { ${lastName(student)}: ${lastName(teacher)} }).`,
      );
    },
    embedding: () => {
      const [own, theirs] = [student.embedding(), teacher.embedding()];
      if (own && theirs) return { student: own, teacher: theirs };
      throw new CoppiceError(
        'no-embedding',
        `The ${own ? 'teacher' : 'model'} has no layer in front of a classifier that images could be compared by: name layers to be compared.`,
      );
    },
  };
}

/** One by one where there are as many, else those whose maps have the same size. */
function pairedStages(own: readonly StageEnd[], theirs: readonly StageEnd[]): TapPair[] {
  if (own.length === theirs.length) {
    return own.map((student, i) => ({ student, teacher: theirs[i] }));
  }
  return own.flatMap((student) => {
    const teacher = theirs.findLast(({ size }) => size === student.size);
    return teacher ? [{ student, teacher }] : [];
  });
}

/**
 * By its whole name, else by the end of it: exporters put the names of modules around a network in
 * front (`module.layer1.0.conv1`) and write paths (`/layer1/layer1.0/conv1/Conv`).
 */
export function layerNamed(layers: readonly Layer[], wanted: string, whose: string): Layer {
  const exact = layers.find(({ name }) => name === wanted);
  if (exact) return exact;
  const parts = partsOf(wanted);
  const found = layers.filter((layer) => {
    const own = partsOf(layer.name);
    const shared = Math.min(own.length, parts.length);
    return shared > 0 && own.slice(-shared).join() === parts.slice(-shared).join();
  });
  if (found.length === 1) return found[0];
  const candidates = (found.length > 0 ? found : nearest(layers, parts)).slice(0, 4);
  const names = candidates.map(({ name }) => `"${name}"`).join(', ');
  throw found.length > 1
    ? new CoppiceError(
        'ambiguous-layer',
        `"${wanted}" could be several layers of the ${whose}: ${names}. Write the whole name of one.`,
      )
    : new CoppiceError(
        'no-such-layer',
        `The ${whose} has no layer "${wanted}"; the nearest are ${names}. Write model: teacher where the names differ; coppice inspect lists them.`,
      );
}

/** `layer1`, `0`, `conv1` for `layer1.0.conv1` and for `/layer1/layer1.0/conv1/Conv`. */
function partsOf(name: string): string[] {
  const path = name.split('/').filter(Boolean);
  if (path.length > 1 && /^[A-Z][A-Za-z]*$/.test(path.at(-1)!)) path.pop();
  // Exporters write modules of a sequence with the names of those around them: layer1/layer1.0.
  const own = path.filter((part, i) => !path[i + 1]?.startsWith(`${part}.`));
  return own.join('.').split('.');
}

/** Those that share most parts of their names with what was asked for. */
function nearest(layers: readonly Layer[], parts: readonly string[]): Layer[] {
  const shared = ({ name }: Layer) => {
    const own = new Set(partsOf(name));
    return parts.filter((part) => own.has(part)).length;
  };
  return layers
    .map((layer) => ({ layer, score: shared(layer) }))
    .sort((a, b) => b.score - a.score)
    .map(({ layer }) => layer);
}

function lastName({ layers }: Taps): string {
  return layers.at(-1)?.name ?? '…';
}
