import { z } from 'zod';

/** Integer picodollars as a string: "1250000" is $0.00000125. */
export const pico = z.string().regex(/^-?\d{1,38}$/, 'must be a whole number of picodollars, as a string').describe('Integer picodollars (10^-12 of the currency unit), as a string');
/** A cost or margin: whoever lacks the permission `costs.read` gets the reply without it. @param about What null means. */
export const cost = (about: string) => pico.nullable().optional().describe(`${about}. Absent: the caller may not see costs`);
export const picoPositive = z.string().regex(/^\d{1,38}$/, 'must be a whole number of picodollars, not negative, as a string').describe('Non-negative integer picodollars, as a string');
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as USD').describe('ISO 4217 code');
export const id = z.uuid('must be an id such as 0192f0c1-7a00-7000-8000-000000000001').describe('UUIDv7');
export const time = z.iso.datetime('must be a time in UTC such as 2026-11-23T08:00:00Z').describe('UTC, ISO 8601');
export const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11').describe('Calendar month, UTC, as YYYY-MM');
/** Words of a person's or a machine's own: visible characters, since the database takes no NUL and a terminal no escapes. */
export const words = (most: number) => z.string().trim().min(1).max(most).regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]+$/u, 'must hold no control characters');
/** A name that a person gives: 1 to 100 visible characters, no control or bidi characters. */
export const name = z.string().trim().min(1, 'must not be empty').max(100, 'must be at most 100 characters long').regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]+$/u, 'must hold no control characters').transform((text) => text.normalize('NFC'));
export const alias = z.string().min(1, 'must not be empty').max(200, 'must be at most 200 characters long').regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be a model name such as tandem/local').describe('A model name as callers write it, such as tandem/local');
export const role = z.enum(['owner', 'admin', 'developer', 'viewer']);
export const byId = z.object({ id });
export const page = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional().describe('The nextCursor of the page before'),
});
export const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });
/** Whole numbers too large for a JSON number travel as strings. */
export const count = z.string().regex(/^\d{1,38}$/, 'must be a whole number, as a string').describe('A whole number, as a string');

/** A signing secret that takes the place of another. */
export const rotation = z.object({ secret: z.string().describe('Shown once, never again'), bothUntil: time.describe('Until then messages are signed by the one of before too') });

/** The error body of every /api route. */
export const errorReply = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().describe('A next step that works'),
    param: z.string().optional(),
    requestId: z.string(),
    facts: z.record(z.string(), z.unknown()).optional(),
  }),
});
