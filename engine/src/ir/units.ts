/** Quantities as people write them: `15 ms`, `1.5 s`, `800 us`, `1 MB`, `512 KiB`, `50 M`. */

const milliseconds: Readonly<Record<string, number>> = { us: 1e-3, µs: 1e-3, ms: 1, s: 1e3 };

const bytes: Readonly<Record<string, number>> = {
  b: 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
};

const counts: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Milliseconds; undefined for what is no time, and for a number without its unit. */
export function parseMilliseconds(text: string): number | undefined {
  return parse(text, milliseconds);
}

/** Bytes; kB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024. */
export function parseBytes(text: string): number | undefined {
  return parse(text, bytes);
}

/** A number of things, of which a unit may say thousands, millions or billions. */
export function parseCount(text: string): number | undefined {
  return parse(text, counts) ?? (/^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined);
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµμ]+)\s*$/i.exec(text);
  const unit = match?.[2].toLowerCase().replace('μ', 'µ');
  if (!match || !Object.hasOwn(units, unit!)) return undefined;
  return Number(match[1]) * units[unit!];
}
