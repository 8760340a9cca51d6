/** Figures as hints and cards write them. */

type Unit = readonly [scale: number, prefix: string];

/** Counts of params: from a tenth of a million on in millions, as people compare models. */
export function count(value: number): string {
  return written(value, unitOf(value, 99_950));
}

/** Multiply-accumulates: `126 MMACs`, `113 kMACs`, `640 MACs`. */
export function macs(value: number): string {
  const unit = unitOf(value, 999_500);
  return `${written(value, unit)}${unit[1] === '' ? ' ' : ''}MACs`;
}

/** `3.44 MB`, in powers of 1000. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const step = Math.min(Math.floor(Math.log10(value) / 3), 4);
  return `${digits(value / 1000 ** step)} ${['B', 'kB', 'MB', 'GB', 'TB'][step]}`;
}

/** The smallest and the largest of some figures: `16–64`, `0.90–1.81 MMACs`; one where they are the same. */
export function range(values: readonly number[], write: 'plain' | 'count' | 'macs'): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (write === 'plain') return low === high ? String(low) : `${low}–${high}`;
  const all = write === 'macs' ? macs(high) : count(high);
  const unit = unitOf(high, write === 'macs' ? 999_500 : 99_950);
  // One unit for both ends, that of the larger.
  const start = unit[1] === '' ? String(low) : digits(low / unit[0]);
  return all.startsWith(`${start} `) || all === start ? all : `${start}–${all}`;
}

/** `1.20 → 0.60 MMACs`, in the unit of the larger. */
export function macsChange(before: number, after: number): string {
  const unit = unitOf(Math.max(before, after), 999_500);
  const [scale, prefix] = unit;
  const [old, now] = [before, after].map((value) => (prefix ? digits(value / scale) : value));
  return `${old} → ${now} ${prefix}MACs`;
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

function unitOf(value: number, million: number): Unit {
  if (value < 1000) return [1, ''];
  if (value < million) return [1e3, 'k'];
  return value < 999.5e6 ? [1e6, 'M'] : value < 999.5e9 ? [1e9, 'G'] : [1e12, 'T'];
}

function written(value: number, [scale, prefix]: Unit): string {
  return prefix === '' ? String(value) : `${digits(value / scale)} ${prefix}`;
}

/** Three digits that count. */
function digits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
