import { BadReply } from '../neutral/bad-reply.ts';
import { isObject, type JsonObject } from '../request/json.ts';

/** The object that one event of a stream holds. @throws BadReply when it holds none. */
export function eventJson(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new BadReply('its answer is not made of valid JSON events');
  }
  if (!isObject(value)) throw new BadReply('its answer is not made of valid JSON events');
  return value;
}
