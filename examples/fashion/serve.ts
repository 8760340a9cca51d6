/** Classifies images in a Node service. */

import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const model = join(__dirname, 'models', 'fashion.onnx');

export async function classify(pixels: Uint8Array): Promise<number> {
  const session = await InferenceSession.create(model);
  const values = Float32Array.from(pixels, (pixel) => (pixel / 255 - 0.286) / 0.353);
  const { logits } = await session.run({ image: new Tensor('float32', values, [1, 1, 28, 28]) });
  const scores = logits.data as Float32Array;
  return scores.indexOf(Math.max(...scores));
}
