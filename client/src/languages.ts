/** The languages that the server is told about. One more language is one more line. */
import { onnxTextScheme } from '#protocol/messages';

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

/** Files on a real disk, because a model path in another document leads nowhere; and printed models. */
export const documentSelector: readonly { readonly scheme: string; readonly language: string }[] = [
  ...languages.map((language) => ({ scheme: 'file', language })),
  { scheme: onnxTextScheme, language: 'onnx-text' },
];
