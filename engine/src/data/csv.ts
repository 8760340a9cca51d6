/** Comma-separated values as in RFC 4180: a header line, quoted fields, CRLF or LF. */

/** Rows as objects under the names of the header line, which are trimmed and in lower case. */
export function parseCsv(text: string): Record<string, string>[] {
  const [header, ...rows] = lines(text.replace(/^\ufeff/, ''));
  const names = (header ?? []).map((name) => name.trim().toLowerCase());
  return rows
    .filter((row) => row.length > 1 || row[0] !== '')
    .map((row) => Object.fromEntries(names.map((name, i) => [name, (row[i] ?? '').trim()])));
}

function lines(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  // One field with what ends it: quoted with doubled quotes, or anything up to a separator.
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|\r|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) break;
    row.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
