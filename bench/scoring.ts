/**
 * How long the criteria take for a model of ResNet-50's size, with random weights (time does not
 * depend on their values). Prints milliseconds of processor time a criterion; exits with 1 when one misses its bound.
 *
 *     npx tsx bench/scoring.ts [path of light_resnet50.onnx]
 */

import { analyzeChannels } from '#engine/channels/analyze';
import { criterionContext } from '#engine/criteria/context';
import { weightCriteria } from '#engine/criteria/index';
import { cloneModel } from '#engine/ir/clone';
import type { Model } from '#engine/ir/model';
import { makeTensor } from '#engine/ir/tensor';
import { seededRandom } from '#engine/linalg/random';
import { readModelFile } from '#engine/onnx/read';
import { inferTypes } from '#engine/ops/infer';

const bound = 2000;

/** The model with random initializers where it makes its weights by ConstantOfShape. */
function withWeights(model: Model): Model {
  const types = inferTypes(model);
  const random = seededRandom(1);
  const result = cloneModel(model);
  const graph = result.graph!;
  graph.node = graph.node.filter((node) => {
    const shape = types.type(node.output[0])?.shape;
    if (node.opType !== 'ConstantOfShape' || !shape?.every((dim) => typeof dim === 'number')) {
      return true;
    }
    const count = shape.reduce((product, dim) => product * dim, 1);
    const data = Float32Array.from({ length: count }, () => random.uniform() - 0.5);
    graph.initializer.push(makeTensor(node.output[0], 'float', shape, data));
    return false;
  });
  return result;
}

const path = process.argv[2] ?? '../shared/models/light/light_resnet50.onnx';
const model = withWeights(readModelFile(path).model);
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
