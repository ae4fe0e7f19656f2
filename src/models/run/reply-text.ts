import type { Part } from '../neutral/parts.ts';
import type { NeutralReply } from '../neutral/reply.ts';

/** How much text a whole answer has, for the guess where its backend gives no count. */
export function choiceText(reply: NeutralReply): { pieces: number; textBytes: number } {
  let textBytes = 0;
  for (const { parts } of reply.choices) for (const part of parts) textBytes += Buffer.byteLength(textOf(part));
  return { pieces: reply.choices.length, textBytes };
}

function textOf(part: Part): string {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return part.text;
    case 'tool_call':
      return part.name + part.input;
    default:
      return JSON.stringify(part);
  }
}
