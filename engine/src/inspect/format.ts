/** Numbers as people read them in the terminal. */

/** Three significant digits: `853 k`, `1.72 M`. */
export function formatCount(value: number): string {
  return scaled(value, ['', ' k', ' M', ' G', ' T']);
}

/** In powers of 1000, as file managers show them: `3.44 MB`. */
export function formatBytes(value: number): string {
  return scaled(value, [' B', ' kB', ' MB', ' GB', ' TB']);
}

export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `−50.0 %` from one figure to another; `±0 %` where they are equal, `new` from nothing. */
export function formatChange(before: number, after: number): string {
  if (before === after) return '±0 %';
  if (before === 0) return 'new';
  const change = (after / before - 1) * 100;
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
}

export function formatShape(shape: readonly (number | string)[] | null): string {
  return shape ? `[${shape.join(', ')}]` : '?';
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let step = 0;
  while (rest >= 999.5 && step < units.length - 1) {
    rest /= 1000;
    step++;
  }
  const digits = step === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return rest.toFixed(digits) + units[step];
}
