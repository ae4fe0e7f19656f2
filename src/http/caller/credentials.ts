import type { IncomingHttpHeaders } from 'node:http';

export const SESSION_COOKIE = 'tandem_session';

/** The API key that a request presents, as Authorization: Bearer or x-api-key; null when it presents none. */
export function presentedKey(headers: IncomingHttpHeaders): string | null {
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    return authorization.length > 7 && /^bearer /i.test(authorization) ? authorization.slice(7).trim() : '';
  }
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : null;
}

/** The value of one cookie; null when it is not there. The first one counts, as browsers send the closest path first. */
export function cookieOf(headers: IncomingHttpHeaders, name: string): string | null {
  const header = headers.cookie;
  if (header === undefined) return null;
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}
