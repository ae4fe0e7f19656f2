import { MAX_MESSAGE_BYTES } from './frame.ts';
import { WireError } from './wire-error.ts';

/** What hello, request, reply, event and open carry: one JSON object. */
export type Message = Readonly<Record<string, unknown>>;

/** @throws WireError when it is larger than a frame may be. */
export function encodeMessage(message: Message): Buffer {
  const bytes = Buffer.from(JSON.stringify(message));
  if (bytes.length > MAX_MESSAGE_BYTES) throw new WireError('too_large', `a message of ${bytes.length} bytes`);
  return bytes;
}

/** @throws WireError when it is no JSON object. */
export function decodeMessage(payload: Buffer): Message {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    throw new WireError('bad_message', 'a message that is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError('bad_message', 'a message that is not an object');
  return value as Message;
}

/** A text of a message, at most `most` characters long. @throws WireError. */
export function textOf(message: Message, name: string, most = 256): string {
  const value = message[name];
  if (typeof value !== 'string' || value.length > most) throw new WireError('bad_message', `${name} is not a text of at most ${most} characters`);
  return value;
}

/** A whole number of a message within bounds. @throws WireError. */
export function wholeOf(message: Message, name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = message[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) throw new WireError('bad_message', `${name} is not a whole number from ${least} to ${most}`);
  return value;
}
