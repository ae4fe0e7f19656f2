import { isObject } from '../request/json.ts';

/** Characters of one block; a prompt is looked at up to so many blocks. */
const BLOCK = 512;
const MOST_BLOCKS = 64;
/** 2^16 places of 10 bytes: 640 KiB, whatever is asked. */
const PLACES = 1 << 16;
const FREE = 0xffff;

/** What a prompt begins with: for each block, a hash of all that stands up to its end. Two numbers a block: place and tag. */
export type PrefixBlocks = readonly { readonly place: number; readonly tag: number }[];

/**
 * Which target was last sent a prompt that begins alike, and so may have its beginning in its cache. A table of fixed size,
 * where a newer block takes the place of an older one: it forgets, but never grows. A wrong answer costs a cache miss and nothing else.
 */
export class PrefixIndex {
  readonly #tags = new Uint32Array(PLACES);
  readonly #holders = new Uint16Array(PLACES).fill(FREE);

  /** The longest known beginning among those that `accepts` allows: its holder's number, and how many blocks. */
  find(blocks: PrefixBlocks, accepts: (holder: number) => boolean): { readonly holder: number; readonly blocks: number } | null {
    for (let at = blocks.length - 1; at >= 0; at -= 1) {
      const { place, tag } = blocks[at]!;
      const holder = this.#holders[place]!;
      if (holder !== FREE && this.#tags[place] === tag && accepts(holder)) return { holder, blocks: at + 1 };
    }
    return null;
  }

  /** @param holder a number below 65,535. */
  note(blocks: PrefixBlocks, holder: number): void {
    for (const { place, tag } of blocks) {
      this.#tags[place] = tag;
      this.#holders[place] = holder;
    }
  }
}

/** @param scope what must never be mixed: the organisation and the alias. */
export function prefixBlocks(scope: string, text: string): PrefixBlocks {
  const blocks: { place: number; tag: number }[] = [];
  let [one, other] = hash(scope, 0, scope.length, 0x811c9dc5, 0x9747b28c);
  for (let at = 0; at + BLOCK <= text.length && blocks.length < MOST_BLOCKS; at += BLOCK) {
    [one, other] = hash(text, at, at + BLOCK, one, other);
    blocks.push({ place: (one ^ (one >>> 16)) & (PLACES - 1), tag: other >>> 0 });
  }
  return blocks;
}

/** A short word that the caller gave for it instead: one block. */
export function keyBlocks(scope: string, key: string): PrefixBlocks {
  return prefixBlocks(scope, key.padEnd(BLOCK).slice(0, BLOCK));
}

/** FNV-1a over characters, twice with different beginnings and primes. */
function hash(text: string, from: number, to: number, one: number, other: number): [number, number] {
  for (let at = from; at < to; at += 1) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ unit, 0x5bd1e995);
    other ^= other >>> 13;
  }
  return [one, other];
}

/** Fields whose words stand at the beginning of a prompt, in the order in which templates put them. */
const FIELDS = ['instructions', 'system', 'tools', 'messages', 'input'];

/** The first words of a body in any dialect: enough for every block that is looked at. */
export function promptStart(body: Readonly<Record<string, unknown>>): string {
  const most = BLOCK * MOST_BLOCKS;
  let text = '';
  const take = (value: unknown, depth: number): void => {
    if (text.length >= most || depth > 12) return;
    if (typeof value === 'string') text += `${value.length > most ? value.slice(0, most) : value}\n`;
    else if (Array.isArray(value)) for (const one of value) take(one, depth + 1);
    else if (isObject(value)) for (const name of Object.keys(value)) take(value[name], depth + 1);
  };
  for (const field of FIELDS) take(body[field], 0);
  return text.slice(0, most);
}
