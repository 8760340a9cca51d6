/** ONNX Runtime's error messages as sentences for people: no source locations, a next step. */

/** What is known about frequent failures; the first pattern that matches decides. */
const explanations: readonly (readonly [RegExp, (match: RegExpMatchArray) => string])[] = [
  [
    /IR version:? ?(\d+), max supported IR version:? ?(\d+)/i,
    ([, got, most]) =>
      `It has IR version ${got}, but this ONNX Runtime reads up to ${most}. ` +
      'Export it with an older IR version, or use a newer onnxruntime-node.',
  ],
  [
    /Opset (\d+) is under development.*?current official support for domain (\S+) is till opset (\d+)/is,
    ([, got, domain, most]) =>
      `It needs opset ${got} of ${domain}, but this ONNX Runtime knows up to ${most}. ` +
      'Export it with an older opset, or use a newer onnxruntime-node.',
  ],
  [
    /protobuf parsing failed|Model data pointer is null|No graph was found/i,
    () => 'It is not a readable ONNX model: the file is damaged, cut off, or of another format.',
  ],
  [
    /Failed to get a WebGPU (adapter|device)/,
    () =>
      'There is no graphics processor that it can use. It needs one with a driver for Vulkan ' +
      '(Linux), Metal (macOS) or Direct3D 12 (Windows).',
  ],
  [/File doesn't exist|NO_SUCHFILE/i, () => 'There is no such file.'],
  [
    /Unsupported data type: 16/,
    () =>
      'One of its inputs or outputs is bfloat16, which cannot be passed to or from the runtime. ' +
      'Add a Cast to float beside it.',
  ],
];

/** The message of the runtime, explained where the cause is known, cleaned of noise otherwise. */
export function explainOrtMessage(message: string): string {
  for (const [pattern, explain] of explanations) {
    const match = message.match(pattern);
    if (match) return explain(match);
  }
  const cleaned = message
    .replace(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    // A source location and, where there is one, the function with its argument list.
    .replace(
      /\S*\.(?:cc|cpp|h|cu):\d+ (?:[\w:<>~ ]+\([^)]*\)(?: const)?(?: \[[^\]]*\])?|\S+)?/g,
      '',
    )
    .replace(/\s+/g, ' ')
    .trim();
  return /[.!?]$/.test(cleaned) ? cleaned : `${cleaned}.`;
}
