/** Operators on strings. */

import { intsAttribute, stringsAttribute } from '../ir/attributes';
import { broadcastShapes } from './broadcast';
import type { Op } from './op';
import { elementwiseCost, inputCost, like, sameShapeAs } from './rules';

/** Stop words, where there are any, make the last axis shorter. */
export const stringNormalizer: Op = {
  type: 'StringNormalizer',
  shape: ({ node, inputs, fresh }) => {
    const shape = inputs[0]?.shape;
    if (!stringsAttribute(node, 'stopwords')?.length) return [like(inputs[0], 'string')];
    return [{ dtype: 'string', shape: shape && [...shape.slice(0, -1), fresh('words')] }];
  },
  cost: inputCost,
};

/** The last axis becomes one count for each n-gram of the pool. */
export const tfIdfVectorizer: Op = {
  type: 'TfIdfVectorizer',
  shape: ({ node, inputs }) => {
    const indexes = intsAttribute(node, 'ngram_indexes');
    const shape = inputs[0]?.shape;
    if (!shape || !indexes?.length) return [{ dtype: 'float' }];
    const size = indexes.reduce((most, index) => Math.max(most, index), 0) + 1;
    return [{ dtype: 'float', shape: [...shape.slice(0, -1), size] }];
  },
  cost: inputCost,
};

export const stringConcat: Op = {
  type: 'StringConcat',
  shape: ({ inputs: [a, b] }) => [{ dtype: 'string', shape: broadcastShapes(a?.shape, b?.shape) }],
  cost: elementwiseCost,
};

/** Outputs: the parts, padded to the longest, and how many there are of each. */
export const stringSplit: Op = {
  type: 'StringSplit',
  shape: ({ inputs, fresh }) => {
    const shape = inputs[0]?.shape;
    return [
      { dtype: 'string', shape: shape && [...shape, fresh('parts')] },
      like(inputs[0], 'int64'),
    ];
  },
  cost: inputCost,
};

export const regexFullMatch: Op = {
  type: 'RegexFullMatch',
  shape: sameShapeAs('bool'),
  cost: elementwiseCost,
};
