/** In which steps channels and ranks are taken: runtimes compute them in blocks, and pad what is left. */

/** x86 kernels take 8 or 16 channels at once, those of small ARM cores 4. */
export function blockOf(channels: number): number {
  return channels >= 32 ? 8 : channels >= 16 ? 4 : 1;
}
