/** Markdown from names that a model's author chose: none of them can break out of its place. */

const longest = 80;

/** A name as code. */
export function code(text: string): string {
  const safe = text.replace(/[`\r\n|]/g, ' ').trim();
  return `\`${safe.length > longest ? `${safe.slice(0, longest - 1)}…` : safe || '?'}\``;
}

/** Prose of the engine with names in it. */
export function prose(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\`*_{}[\]<>#|]/g, '\\$&');
}

export interface Column {
  readonly title: string;
  readonly numeric?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = columns.map(({ numeric }) => (numeric ? '---:' : '---'));
  return [columns.map(({ title }) => title), rule, ...rows].map(line).join('\n');
}

/** A link that runs a command of the editor. */
export function commandLink(title: string, command: string, args: readonly string[]): string {
  return `[${title}](command:${command}?${encodeURIComponent(JSON.stringify(args))})`;
}
