/** The languages that the server is told about. One more language is one more line. */
const languages = [
  'python',
  'typescript',
  'typescriptreact',
  'javascript',
  'javascriptreact',
  'yaml',
  'json',
  'jsonc',
  'coppice-recipe',
  'onnx-text',
] as const;

/** Only files on a real disk: a model path in a virtual document leads nowhere. */
export const documentSelector: readonly { readonly scheme: string; readonly language: string }[] =
  languages.map((language) => ({ scheme: 'file', language }));
