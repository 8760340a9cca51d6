/** Operator sets and their domains. */

/** The domain as it is compared: `ai.onnx` is another name of the default domain, the empty one. */
export function normalDomain(domain: string | undefined): string {
  return domain === undefined || domain === 'ai.onnx' ? '' : domain;
}
