import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * Gives calls of tools an id where their server left it out or empty, as small servers do: a caller answers each call by its id. It is
 * another one in each turn, since dialects want the ids of a whole conversation apart.
 * @param where the field of a choice that holds its calls.
 * @param turn the number of messages that are answered.
 * @param begun for a stream, what of it has come: a call's later pieces have no id.
 * @returns whether there was such a call.
 */
export function giveIds(choices: readonly unknown[], where: 'message' | 'delta', turn: number, begun?: Set<string>): boolean {
  let given = false;
  for (const choice of choices) {
    const holder = isObject(choice) ? choice[where] : null;
    const calls = isObject(holder) ? holder['tool_calls'] : null;
    if (!Array.isArray(calls)) continue;
    calls.forEach((call: unknown, at) => {
      if (!isObject(call)) return;
      const place = `${turn}_${numberOf((choice as JsonObject)['index'])}_${begun ? numberOf(call['index']) : at}`;
      const first = begun === undefined || !begun.has(place);
      begun?.add(place);
      if (!first || (typeof call['id'] === 'string' && call['id'] !== '')) return;
      (call as { id?: unknown })['id'] = `call_${place}`;
      given = true;
    });
  }
  return given;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}
