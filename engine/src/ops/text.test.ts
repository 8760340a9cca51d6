import { testAgainstSpec } from './testing/differential';
import { fed, oneNode } from './testing/one-node';

testAgainstSpec('Strings', [
  [
    oneNode('StringNormalizer', 'stop words', [fed('string', [1, 3])], {
      attributes: { stopwords: ['a'] },
    }),
    ['string[1,?]'],
  ],
  [
    oneNode('TfIdfVectorizer', 'one vector', [fed('int32', [12])], {
      attributes: { ngram_indexes: [0, 1] },
    }),
    ['float[2]'],
  ],
  [oneNode('StringConcat', 'scalar', [fed('string', [2]), fed('string', [])]), ['string[2]']],
  [
    oneNode('StringSplit', 'parts', [fed('string', [2, 4])], { outputs: 2 }),
    ['string[2,4,?]', 'int64[2,4]'],
  ],
  [oneNode('RegexFullMatch', 'scalar', [fed('string', [])]), ['bool[]']],
  [
    oneNode('StringNormalizer', 'keeps the shape', [fed('string', [3])], {
      attributes: { case_change_action: 'LOWER' },
    }),
    ['string[3]'],
  ],
  [
    oneNode('TfIdfVectorizer', 'largest index', [fed('int64', [2, 12])], {
      attributes: { ngram_indexes: [0, 5, 3] },
    }),
    ['float[2,6]'],
  ],
  [
    oneNode('StringConcat', 'broadcast', [fed('string', [2, 1]), fed('string', [3])]),
    ['string[2,3]'],
  ],
  [
    oneNode('StringSplit', 'counts', [fed('string', [2])], { outputs: [false, true] }),
    ['int64[2]'],
  ],
  [oneNode('RegexFullMatch', 'one truth each', [fed('string', [2])]), ['bool[2]']],
]);
