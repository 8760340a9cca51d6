/** Figures as hints and cards write them. */

/** `0.86 M`, `126 M`, `12.3 k`, `640`. */
export function count(value: number): string {
  if (value < 1000) return String(value);
  // Params of small models read better as a share of a million than as thousands.
  const [scale, unit] = value < 1e5 ? [1e3, 'k'] : value < 999.5e6 ? [1e6, 'M'] : [1e9, 'G'];
  return `${threeDigits(value / scale)} ${unit}`;
}

/** Multiply-accumulates: `126 MMACs`, `0.11 MMACs`, `640 MACs`. */
export function macs(value: number): string {
  return value < 1000 ? `${value} MACs` : `${count(value)}MACs`;
}

/** `3.44 MB`, in powers of 1000. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const step = Math.min(Math.floor(Math.log10(value) / 3), 4);
  return `${threeDigits(value / 1000 ** step)} ${['B', 'kB', 'MB', 'GB', 'TB'][step]}`;
}

/** `38 %`; a share that is neither nothing nor all never reads as if it were. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return '<1 %';
  if (share < 1 && share > 0.995) return '>99 %';
  return `${Math.round(share * 100)} %`;
}

/** `1×16×28×28`, with the names of open dimensions. */
export function shape(dims: readonly (number | string)[] | null): string {
  return dims ? dims.join('×') || 'scalar' : '?';
}

function threeDigits(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits);
}
