/** Reads XML strictly, as far as reports of tests have any: elements, attributes, text, entities. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** All elements in the order of the text. @throws Error for what is not well-formed. */
export function elementsOf(xml: string): XmlElement[] {
  const found: XmlElement[] = [];
  const open: string[] = [];
  let rest = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (rest === xml) throw new Error('The declaration is missing.');
  while (rest !== '') {
    const text = /^[^<]+/.exec(rest)?.[0];
    const tag = /^<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/.exec(rest);
    if (text !== undefined) {
      unescape(text);
      rest = rest.slice(text.length);
      continue;
    }
    if (!tag) throw new Error(`No markup: ${rest.slice(0, 40)}`);
    const [all, closes, name, attributes, isEmpty] = tag;
    rest = rest.slice(all.length);
    if (closes) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing.`);
      continue;
    }
    if (!isEmpty) open.push(name);
    const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)];
    found.push({ name, attributes: Object.fromEntries(pairs.map((p) => [p[1], unescape(p[2])])) });
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed.`);
  return found;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function unescape(text: string): string {
  // eslint-disable-next-line no-control-regex -- XML allows no others.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
    throw new Error('A control character.');
  return text.replace(/&([^;&]*);?/g, (all, name: string) => {
    if (/^#\d+$/.test(name)) return String.fromCodePoint(Number(name.slice(1)));
    if (!all.endsWith(';') || !(name in entities)) throw new Error(`No entity: ${all}`);
    return entities[name];
  });
}
