/**
 * How long the criteria take for a model of ResNet-50's size, with random weights (time does not
 * depend on their values). Prints milliseconds of processor time a criterion; exits with 1 when one misses its bound.
 *
 *     npx tsx bench/scoring.ts [path of light_resnet50.onnx]
 */

import { analyzeChannels } from '#engine/channels/analyze';
import { criterionContext } from '#engine/criteria/context';
import { weightCriteria } from '#engine/criteria/index';
import { seededRandom } from '#engine/linalg/random';
import { readModelFile } from '#engine/onnx/read';
import { withWeights } from './seeded-weights';

const bound = 2000;

const random = seededRandom(1);
const uniform = (shape: readonly number[]): Float32Array =>
  Float32Array.from(
    { length: shape.reduce((product, dim) => product * dim, 1) },
    () => random.uniform() - 0.5,
  );

const path = process.argv[2] ?? '../shared/models/light/light_resnet50.onnx';
const model = withWeights(readModelFile(path).model, uniform);
const groups = analyzeChannels(model).groups.filter(({ pinned }) => !pinned);
const context = criterionContext(model);
console.log('| criterion | groups | ms |\n| --- | --- | --- |');
for (const criterion of weightCriteria) {
  const scored = groups.filter((group) => !criterion.refuse?.(group, context));
  const start = process.cpuUsage();
  for (const group of scored) criterion.score(group, context);
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  console.log(`| ${criterion.id} | ${scored.length} | ${milliseconds.toFixed(0)} |`);
  if (milliseconds > bound) process.exitCode = 1;
}
