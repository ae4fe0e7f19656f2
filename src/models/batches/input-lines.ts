import { isUtf8 } from 'node:buffer';

export interface InputLine {
  /** 1, 2, 3 … as an editor counts; empty lines are counted and left out. */
  readonly number: number;
  /** Null: it is longer than allowed, or not UTF-8. */
  readonly text: string | null;
}

const NEWLINE = 0x0a;

/** The lines of a file that comes in pieces. Memory: one line of at most `mostBytes`, and a piece. */
export async function* linesOf(pieces: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<InputLine, void, undefined> {
  let number = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const take = (): InputLine | undefined => {
    number += 1;
    const bytes = heldBytes > mostBytes ? null : Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    if (bytes === null || !isUtf8(bytes)) return { number, text: null };
    const text = bytes.toString().replace(/^\ufeff/, '').trim();
    return text === '' ? undefined : { number, text };
  };
  for await (const piece of pieces) {
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, from)) {
      hold(piece.subarray(from, at));
      from = at + 1;
      const line = take();
      if (line !== undefined) yield line;
    }
    hold(piece.subarray(from));
  }
  const last = heldBytes > 0 ? take() : undefined;
  if (last !== undefined) yield last;

  function hold(bytes: Buffer): void {
    heldBytes += bytes.length;
    // What is too long is counted, not kept.
    if (heldBytes > mostBytes) held = [];
    else if (bytes.length > 0) held.push(bytes);
  }
}
