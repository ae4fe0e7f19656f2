import { expect, test } from 'vitest';
import type { IncomingMessage } from 'node:http';
import { TandemError } from '../../base/index.ts';
import type { HashedKey } from '../../access/index.ts';
import { testPrincipal } from '../testing/shell.ts';
import { createAuthenticate } from './authenticate.ts';
import type { SameSite } from './same-site.ts';

const requestOn = (socket: object, key?: string) => ({ socket, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }) as unknown as IncomingMessage;

test('a connection that sends another key is another caller; what a key may is asked each time', () => {
  const seen: HashedKey[] = [];
  let revoked = false;
  const authenticate = createAuthenticate({
    verifyKey: (key) => {
      seen.push(key);
      if (revoked) throw new TandemError('invalid_api_key');
      return testPrincipal;
    },
    verifySession: () => testPrincipal,
  }, {} as SameSite);
  const socket = {};
  for (const key of ['one', 'one', 'two']) void authenticate(requestOn(socket, key), false);
  void authenticate(requestOn({}, 'one'), false);
  void authenticate(requestOn(socket), false);
  const [first, again, other, elsewhere, none] = seen as [HashedKey, HashedKey, HashedKey, HashedKey, HashedKey];
  expect(again).toBe(first);
  expect(elsewhere.hash).toBe(first.hash);
  expect(new Set([first.hash, other.hash, none.hash]).size).toBe(3);
  revoked = true;
  expect(() => authenticate(requestOn(socket, 'one'), false)).toThrow(TandemError);
});
