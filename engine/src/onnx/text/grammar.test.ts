import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar, type IRawGrammar } from 'vscode-textmate';

const grammarFile = 'syntaxes/onnx-text.tmLanguage.json';

const sample = `<
  ir_version: 8, # plain
  opset_import: ["" : 17]
>
main (float[N, 3, ?] x) => (float y)
<
  float[2] "conv.weight" = {1, -2.5e-3},
  int64[] t
>
{
  #: {"docString":"why"}
  [first] h = ai.onnx.Conv <kernel_shape = [3, 3], mode: string = "a\\"b", r: int = @axis> (x, "conv.weight")
  y = If (h) <then_branch = b () => (float r) {
    r = Relu (h)
  }>
}
`;

let grammar: IGrammar;

beforeAll(async () => {
  const require = createRequire(`${process.cwd()}/package.json`);
  await oniguruma.loadWASM(readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => JSON.parse(readFileSync(grammarFile, 'utf8')) as IRawGrammar,
  });
  grammar = (await registry.loadGrammar('source.onnx-text'))!;
});

/** The innermost scope of the first token of the sample that is `word`, on the line that holds `line`. */
function scopeOf(word: string, line = word): string {
  let state = textmate.INITIAL;
  for (const text of sample.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(text, state);
    state = ruleStack;
    if (!text.includes(line)) continue;
    const token = tokens.find((each) => text.slice(each.startIndex, each.endIndex).trim() === word);
    if (token) return token.scopes.at(-1)!.replace('.onnx-text', '');
  }
  return 'not found';
}

describe('the TextMate grammar', () => {
  it.each([
    ['ir_version', 'ir_version', 'keyword.other.key'],
    ['17', 'opset', 'constant.numeric'],
    ['main', 'main', 'entity.name.section.graph'],
    ['float', 'main', 'storage.type'],
    ['N', 'main', 'variable.other'],
    ['=>', 'main', 'keyword.operator.arrow'],
    ['?', 'main', 'constant.language.unknown'],
    ['conv.weight', 'conv.weight', 'string.quoted.double'],
    ['-2.5e-3', 'conv.weight', 'constant.numeric'],
    ['int64', 'int64', 'storage.type'],
    ['t', 'int64', 'variable.other'],
    ['"docString"', 'docString', 'string.quoted.double'],
    ['first', 'first', 'entity.name.label'],
    ['Conv', 'first', 'entity.name.function.operator'],
    ['ai.onnx.', 'first', 'entity.name.namespace'],
    ['kernel_shape', 'first', 'entity.other.attribute-name'],
    ['mode', 'first', 'entity.other.attribute-name'],
    ['string', 'first', 'storage.type'],
    ['\\"', 'first', 'constant.character.escape'],
    ['axis', 'first', 'variable.parameter'],
    ['x', 'first', 'variable.other'],
    ['If', 'If', 'entity.name.function.operator'],
    ['then_branch', 'If', 'entity.other.attribute-name'],
    ['Relu', 'Relu', 'entity.name.function.operator'],
    ['r', 'Relu', 'variable.other'],
  ])('%s in "%s" is %s', (word, line, scope) => {
    expect(scopeOf(word, line)).toBe(scope);
  });

  it('leaves every bracket closed at the end', () => {
    let state = textmate.INITIAL;
    for (const text of sample.split('\n')) state = grammar.tokenizeLine(text, state).ruleStack;
    expect(state.depth).toBe(1);
  });
});
