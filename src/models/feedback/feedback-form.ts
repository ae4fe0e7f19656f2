import { TandemError, isUuid } from '../../base/index.ts';

/** What `POST /v1/feedback` takes. */
export interface GivenFeedback {
  /** Of the reply, as the caller knows it: `chatcmpl-…`, `msg_…`, `resp_…`, or the call's id alone. */
  readonly id: string;
  /** The usage event behind it. */
  readonly eventId: string;
  /** Who says it, in the caller's words; null: the key. */
  readonly author: string | null;
  /** What is judged, in the caller's words. One author says one thing of a kind about a reply, and may say it anew. */
  readonly kind: string;
  /** −1 to 1. */
  readonly rating: number | null;
  readonly outcome: string | null;
  readonly scenario: string | null;
  readonly comment: string | null;
  /** What the reply should have been. */
  readonly edit: string | null;
}

const FIELDS = ['id', 'author', 'kind', 'rating', 'outcome', 'scenario', 'comment', 'edit'];
const THUMBS: Readonly<Record<string, number>> = { up: 1, down: -1 };
const NAME = /^[\w][\w.:/ -]{0,63}$/;

/** @throws TandemError invalid_request naming the field. */
export function readFeedback(body: unknown): GivenFeedback {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('id', 'The body is a JSON object.');
  const given = body as Record<string, unknown>;
  const unknown = Object.keys(given).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw wrong(unknown, `There is no such field; there are ${FIELDS.join(', ')}.`);
  const id = textOf(given, 'id', 200);
  if (id === null) throw wrong('id', 'id is missing: the id of a reply.');
  const eventId = callIdOf(id);
  if (eventId === null) throw wrong('id', 'id is not that of a reply of this server.');
  const feedback = {
    id, eventId, author: textOf(given, 'author', 128), kind: nameOf(given, 'kind') ?? 'reply', rating: ratingOf(given['rating']),
    outcome: nameOf(given, 'outcome'), scenario: textOf(given, 'scenario', 128), comment: textOf(given, 'comment', 10_000), edit: textOf(given, 'edit', 200_000),
  };
  if ([feedback.rating, feedback.outcome, feedback.comment, feedback.edit].every((one) => one === null)) throw wrong('rating', 'There is nothing said: give a rating, an outcome, a comment or an edit.');
  return feedback;
}

/** The call's id in a reply's id, with or without its dashes; null: there is none. */
export function callIdOf(id: string): string | null {
  const hex = /([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/.exec(id);
  const found = hex?.slice(1).join('-');
  return found !== undefined && isUuid(found) ? found : null;
}

function ratingOf(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const rating = typeof value === 'string' ? THUMBS[value] : typeof value === 'boolean' ? (value ? 1 : -1) : value;
  if (typeof rating !== 'number' || !(rating >= -1 && rating <= 1)) throw wrong('rating', 'rating is a number from -1 to 1, or up or down.');
  return rating;
}

function nameOf(given: Record<string, unknown>, name: string): string | null {
  const text = textOf(given, name, 64);
  if (text !== null && !NAME.test(text)) throw wrong(name, `${name} is a word or a few, such as accepted.`);
  return text;
}

function textOf(given: Record<string, unknown>, name: string, most: number): string | null {
  const value = given[name];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string' || value.length > most || !value.isWellFormed() || value.includes('\0')) throw wrong(name, `${name} is a text of at most ${most} characters.`);
  return value;
}

function wrong(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}
