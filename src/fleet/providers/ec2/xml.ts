/** An element of EC2's answers: either text or elements, never both; attributes say nothing there. */
export interface Element {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Element[];
}

const TOKEN = /<\?[^>]*\?>|<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' };
const MOST_DEEP = 40;

interface Open {
  readonly name: string;
  text: string;
  readonly children: Element[];
}

/**
 * Reads the plain XML that EC2's query protocol answers with. No document types, comments or entities of one's own: what holds them is
 * refused, so nothing can be made to grow or to be fetched.
 * @throws Error when it is not whole.
 */
export function readXml(text: string): Element {
  const root: Open = { name: '', text: '', children: [] };
  const open: Open[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    if (token === null) throw new Error('it is not plain XML');
    const [, closing, name, lone, words] = token;
    const top = open.at(-1)!;
    if (words !== undefined) top.text += words;
    if (name === undefined) continue;
    if (closing === '/') {
      if (open.length === 1 || top.name !== name) throw new Error('its elements do not match');
      open.pop();
      open.at(-1)!.children.push(closed(top));
    } else if (lone === '/') {
      top.children.push({ name, text: '', children: [] });
    } else {
      if (open.length > MOST_DEEP) throw new Error('it is too deep');
      open.push({ name, text: '', children: [] });
    }
  }
  const [only] = root.children;
  if (open.length !== 1 || only === undefined) throw new Error('it ends too soon');
  return only;
}

/** The first element of that path; undefined: there is none. */
export function find(element: Element | undefined, ...path: readonly string[]): Element | undefined {
  return path.reduce((at, name) => at?.children.find((child) => child.name === name), element);
}

/** The text at that path; null: there is none. */
export function textAt(element: Element | undefined, ...path: readonly string[]): string | null {
  return find(element, ...path)?.text ?? null;
}

/** The `item`s of a list. */
export function items(element: Element | undefined, ...path: readonly string[]): readonly Element[] {
  return find(element, ...path)?.children.filter(({ name }) => name === 'item') ?? [];
}

function closed({ name, text, children }: Open): Element {
  const plain = children.length > 0 ? '' : text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (_whole, hex?: string, decimal?: string, word?: string) => {
    if (word !== undefined) {
      const known = ENTITIES[word];
      if (known === undefined) throw new Error('it holds an entity that is not known');
      return known;
    }
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
  return { name, text: plain, children };
}
