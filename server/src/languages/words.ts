/** The words by which code tells whether it reads or writes a model, in any language. */

import type { ReferenceRole } from './language';

/** Calls that read a model, by the last parts of their name. */
const loaders =
  /(^|\.)(InferenceSession(\.create)?|onnx\.(load|load_model|checker\.check_model|shape_inference\.infer_shapes_path)|load_model|read_model|readNetFromONNX|readNet|from_onnx|OnnxModel|ORTModel\w*|compile_model|quantize_(static|dynamic)|readFileSync|readFile|openSync)$/;

/** Calls that write one: an export, a save, a rename. */
const writers =
  /(^|[._])(export\w*|save\w*|write\w*|dump\w*|to_onnx|savez|copy\w*|rename\w*|unlink\w*|remove\w*|rm\w*|createWriteStream|mkdir\w*|exportOnnx)$/i;

/** Names of variables, options and keys that hold where something goes. */
const writtenNames =
  /(^|[_\W]|(?<=[a-z])(?=[A-Z]))(out|output|outfile|save|saved|export|exported|dest|destination|target|tmp|temp|to|dst|result)(?=$|[_\W]|[A-Z])/i;

/** Names that hold the path of a model that is read. */
const readNames = /model|path|file|onnx|net|weight|checkpoint/i;

/** What a call does with a model that is among its arguments. */
export function roleOfCall(callee: string): ReferenceRole | undefined {
  if (writers.test(callee)) return 'write';
  return loaders.test(callee) ? 'load' : undefined;
}

/** What the name of a variable, an option or a key says about the path it holds. */
export function roleOfName(name: string, path: string): ReferenceRole {
  if (writtenNames.test(name)) return 'write';
  return readNames.test(name) || /[\\/]/.test(path) ? 'path' : 'mention';
}

/** What the keys above a value in a data file say, nearest first. */
export function roleOfKeys(keys: readonly string[], path: string): ReferenceRole {
  if (keys.some((key) => roleOfName(key, path) === 'write')) return 'write';
  return roleOfName(keys[0] ?? '', path);
}

const weights: Record<ReferenceRole, number> = { mention: 0, path: 1, load: 2, write: 3 };

/** Of several uses the one that decides: a file that is also written need not exist yet. */
export function strongest(roles: readonly ReferenceRole[]): ReferenceRole {
  return roles.reduce((best, role) => (weights[role] > weights[best] ? role : best), 'mention');
}

/** True for texts that can be the path of one model: no address elsewhere, no pattern. */
export function isModelPath(text: string): boolean {
  if (!/[^/\\.]\.onnx$/i.test(text) || text.length > 1024) return false;
  return !/[*?<>|\n\r\0{}]/.test(text) && (!text.includes('://') || text.startsWith('file://'));
}

/** One path behind another, as all the languages' joins have it. */
export function joinPaths(...parts: readonly string[]): string {
  return parts.reduce((path, part) => {
    if (path === '' || /^([/\\]|[a-z]:[/\\])/i.test(part)) return part;
    return part === '' ? path : `${path.replace(/\/+$/, '')}/${part}`;
  }, '');
}
