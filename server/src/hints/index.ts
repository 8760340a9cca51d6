/** All kinds of hints and hovers. One more kind is one more file and one more line. */

import { textLayerHints, textModelHints } from '../onnx-text/text-hints';
import { textHover } from '../onnx-text/text-hover';
import { recipeHints } from '../recipe/recipe-hints';
import { recipeHover } from '../recipe/recipe-hover';
import type { HintKind } from './hint';
import type { HoverKind } from './hover-kind';
import { layerHints } from './layer-hints';
import { layerHover } from './layer-hover';
import { modelHints } from './model-hints';
import { modelHover } from './model-hover';

export const hintKinds: readonly HintKind[] = [
  modelHints,
  layerHints,
  recipeHints,
  textModelHints,
  textLayerHints,
];

/** In the order they are asked. */
export const hoverKinds: readonly HoverKind[] = [modelHover, layerHover, recipeHover, textHover];
