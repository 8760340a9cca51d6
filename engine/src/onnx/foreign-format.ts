/** Recognises files that are called .onnx but are something else, to say so in plain words. */

import type { Issue } from '../ir/issue';

const signatures: readonly { at: number; bytes: string; name: string; advice: string }[] = [
  {
    at: 0,
    bytes: 'PK\x03\x04',
    name: 'a zip archive',
    advice: 'It may be a PyTorch checkpoint: export it to ONNX first.',
  },
  {
    at: 0,
    bytes: '\x89HDF',
    name: 'an HDF5 file',
    advice: 'It may be a Keras model: convert it with tf2onnx.',
  },
  { at: 0, bytes: '\x1f\x8b', name: 'a gzip archive', advice: 'Unpack it first.' },
  {
    at: 0,
    bytes: '\x80\x02',
    name: 'a Python pickle',
    advice: 'It may be a PyTorch checkpoint: export it to ONNX first.',
  },
  { at: 4, bytes: 'TFL3', name: 'a TensorFlow Lite model', advice: 'Convert it with tf2onnx.' },
  {
    at: 4,
    bytes: 'ORTM',
    name: 'an ONNX Runtime format model',
    advice: 'Use the .onnx file that it was made from.',
  },
];

/** What the first bytes of a file say it is, where that is not binary ONNX. */
export function foreignFormat(head: Uint8Array): Issue | undefined {
  if (head.byteLength === 0) return notOnnx('empty-file', 'The file is empty.');
  const text = String.fromCharCode(...head);
  if (text.startsWith('version https://git-lfs')) {
    return notOnnx(
      'git-lfs-pointer',
      'The file is a Git LFS pointer, not the model itself. Fetch the model with `git lfs pull`.',
    );
  }
  const found = signatures.find(({ at, bytes }) => text.startsWith(bytes, at));
  if (found) return notOnnx('not-onnx', `The file is ${found.name}, not ONNX. ${found.advice}`);
  if (isText(head)) {
    return notOnnx(
      'text-file',
      'The file is text, not binary ONNX. Models in ONNX text syntax are named .onnxtxt; a web page instead of a model comes from a failed download.',
    );
  }
  return undefined;
}

/** Binary ONNX holds control characters in its first bytes: its small lengths and field tags. */
function isText(head: Uint8Array): boolean {
  if (head.byteLength < shortestText || head.some((byte) => byte < 32 && !spaces.has(byte))) {
    return false;
  }
  // As a stream, because the head may end within a character.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return /\s/.test(decoder.decode(head, { stream: true }));
  } catch {
    return false;
  }
}

const shortestText = 16;
const spaces = new Set([9, 10, 13]);

function notOnnx(code: string, message: string): Issue {
  return { severity: 'error', code, message };
}
