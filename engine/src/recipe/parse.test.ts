import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest, editDistance } from './closest';
import { knownKeys, propertiesAt, valuesOf } from './known-keys';
import { parseRecipe } from './parse';
import { recipeJsonSchema } from './schema';

const valid = `model: a.onnx
steps:
  - prune: { criterion: fpgm, macs: 0.5 }
output: b.onnx
`;

/** The text that a problem points at. */
function marked(text: string): { message: string; at: string }[] {
  return parseRecipe(text).problems.map(({ message, range }) => ({
    message,
    at: text.slice(range.start.offset, range.end.offset).trim(),
  }));
}

describe('parsing a recipe', () => {
  it('fills in the defaults of the recipe and of each step', () => {
    const { recipe, problems } = parseRecipe(valid);
    expect(problems).toEqual([]);
    expect(recipe).toMatchObject({ task: 'classification', seed: 0 });
    expect(recipe?.steps[0]).toMatchObject({
      prune: { criterion: 'fpgm', scope: 'global', min_channels: 2 },
    });
  });

  it('names the nearest key for one it does not know, at its place', () => {
    expect(marked(valid.replace('output', 'ouput'))).toContainEqual({
      message: 'Unknown key `ouput`. Did you mean `output`?',
      at: 'ouput',
    });
    expect(marked(valid.replace('criterion', 'critereon'))).toContainEqual({
      message: 'Unknown key `critereon`. Did you mean `criterion`?',
      at: 'critereon',
    });
    expect(marked(valid.replace('prune', 'prone'))).toContainEqual({
      message: 'Unknown key `prone`. Did you mean `prune`?',
      at: 'prone',
    });
  });

  it('points at values that do not fit', () => {
    expect(marked(valid.replace('0.5', '1.5'))[0].at).toBe('1.5');
    expect(marked(valid.replace('fpgm', 'fgpm'))[0].at).toBe('fgpm');
    expect(marked(`${valid}seed: minus one\n`)[0].at).toBe('minus one');
  });

  it('says what is missing', () => {
    const messages = marked('steps: []\n').map(({ message }) => message);
    expect(messages).toContain('The key `model` is missing.');
    expect(messages).toContain('The key `output` is missing.');
  });

  it('reports an amount that is given twice or not at all', () => {
    for (const amount of ['', ', ratio: 0.3']) {
      const text = valid.replace(', macs: 0.5', amount ? `, macs: 0.5${amount}` : '');
      expect(marked(text)[0].message).toContain('exactly one');
    }
  });

  it('asks for a device where a step needs one', () => {
    const timed = valid.replace('macs: 0.5', 'latency: 12 ms');
    expect(marked(timed)).toEqual([
      {
        message: '`steps.0.prune.latency`: This needs a device, such as `device: raspberry-pi-4`.',
        at: '12 ms',
      },
    ]);
    expect(marked(`device: raspberry-pi-4\n${timed}`)).toEqual([]);
  });

  it('gives YAML errors with their place', () => {
    const { recipe, problems } = parseRecipe('model: [a\n');
    expect(recipe).toBeUndefined();
    expect(problems[0].range.start.line).toBeGreaterThanOrEqual(1);
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { problems, recipe } = parseRecipe(text);
        expect(recipe !== undefined || problems.length > 0).toBe(true);
        for (const { range } of problems) {
          expect(range.start.offset).toBeLessThanOrEqual(range.end.offset);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('survives a valid recipe with any part of it cut out', () => {
    const position = fc.nat(valid.length);
    fc.assert(
      fc.property(position, position, (from, to) => {
        const text = valid.slice(0, from) + valid.slice(to);
        const { problems, recipe } = parseRecipe(text);
        expect(recipe !== undefined || problems.length > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the schema allows', () => {
  it('lists keys at any path, through unions, lists and maps', () => {
    expect(knownKeys([])).toEqual(
      expect.arrayContaining(['model', 'data', 'steps', 'output', 'seed']),
    );
    expect(knownKeys(['steps', 0])).toContain('prune');
    expect(knownKeys(['steps', 0, 'prune'])).toEqual(
      expect.arrayContaining(['criterion', 'macs', 'layers']),
    );
    expect(knownKeys(['steps', 0, 'prune', 'layers', 'layer3.*'])).toContain('max_ratio');
  });

  it('describes every key and knows the values of enumerations', () => {
    for (const path of [[], ['data'], ['steps', 0, 'prune']]) {
      for (const [key, { description }] of Object.entries(propertiesAt(path))) {
        expect(description, key).toBeTruthy();
      }
    }
    const { criterion } = propertiesAt(['steps', 0, 'prune']);
    expect(valuesOf(criterion.schema)).toContain('fpgm');
  });

  it('has a JSON schema that other editors can use', () => {
    const schema = recipeJsonSchema();
    expect(schema).toMatchObject({ type: 'object', required: ['model', 'steps', 'output'] });
    expect(JSON.stringify(schema)).toContain('fpgm');
  });
});

describe('nearest names', () => {
  it('measures edit distance as a metric', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });

  it('suggests nothing far-fetched', () => {
    expect(closest('modle', ['model', 'steps'])).toBe('model');
    expect(closest('temperature', ['model', 'steps'])).toBeUndefined();
  });
});
