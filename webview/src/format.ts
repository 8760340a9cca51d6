/** Numbers as people read them. */

const units = ['', ' k', ' M', ' G', ' T'] as const;

/** `853 k`, `1.72 M`. */
export function formatCount(value: number): string {
  return scaled(value, 1000, units);
}

/** `3.4 MB`, in powers of 1000 as file managers show them. */
export function formatBytes(value: number): string {
  return scaled(value, 1000, [' B', ' kB', ' MB', ' GB', ' TB']);
}

export function formatMilliseconds(value: number): string {
  return `${significant(value)} ms`;
}

/** Of a share 0 … 1. */
export function formatPercent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** `−50 %`, with a real minus sign; `±0 %` where nothing changed. */
export function formatChange(before: number, after: number): string {
  if (before === after) return '±0 %';
  if (before === 0) return 'new';
  const change = ((after - before) / before) * 100;
  const digits = Math.abs(change) < 10 ? 1 : 0;
  return signed(change.toFixed(digits), ' %');
}

/** A difference with its sign: `−1.2 points`. */
export function formatDifference(difference: number, digits: number, unit: string): string {
  const text = difference.toFixed(digits);
  return Number(text) === 0 ? `±0${unit}` : signed(text, unit);
}

/** The last part of a path with `/` or `\\`. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function signed(text: string, unit: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}${unit}` : `+${text}${unit}`;
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let rest = value;
  let step = 0;
  while (rest >= base && step < names.length - 1) {
    rest /= base;
    step++;
  }
  return `${step === 0 ? String(Math.round(rest)) : significant(rest)}${names[step]}`;
}

/** Three significant digits, never an exponent. */
function significant(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}
