/** What `recover: finetune` cannot train, in the words of the options. */

interface Wanted {
  readonly recover: string;
  readonly weights: string;
  readonly activations: string;
  readonly weight_block?: number;
  readonly layers: Readonly<Record<string, { readonly weights?: string }>>;
}

/** Undefined where nothing stands in the way. */
export function untrainable(options: Wanted): string | undefined {
  const { recover, activations, weight_block, layers } = options;
  if (recover !== 'finetune') return undefined;
  const types = [options, ...Object.values(layers)].map(({ weights = '' }) => weights);
  const unsigned = types.find((type) => type.startsWith('uint'));
  if (unsigned) {
    return `recover: finetune trains codes around zero, and weights: ${unsigned} counts from another; take int${unsigned.slice('uint'.length)}.`;
  }
  if (activations === 'dynamic') {
    return 'recover: finetune trains ranges, and activations: dynamic finds them each time the model runs; take auto or float.';
  }
  if (weight_block !== undefined) {
    return 'recover: finetune has no quantizer for blocks; leave out weight_block.';
  }
  return undefined;
}
