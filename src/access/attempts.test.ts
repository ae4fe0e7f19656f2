import { describe, expect, it } from 'vitest';
import { ManualClock, isTandemError } from '../base/index.ts';
import { Attempts } from './attempts.ts';

function refusedFor(attempts: Attempts, peer: string, presented?: string): number | undefined {
  try {
    attempts.check(peer, presented);
    return undefined;
  } catch (error) {
    return isTandemError(error, 'too_many_attempts') ? error.retryAfterSeconds : -1;
  }
}

describe('failed sign-ins', () => {
  it('from one peer stop it for the rest of its five minutes, and no other peer', () => {
    const clock = new ManualClock();
    const attempts = new Attempts(clock);
    for (let n = 0; n < 10; n += 1) {
      expect(refusedFor(attempts, '192.0.2.1')).toBeUndefined();
      attempts.failed('192.0.2.1');
    }
    clock.advance(60_000);
    expect(refusedFor(attempts, '192.0.2.1')).toBe(240);
    expect(refusedFor(attempts, '192.0.2.2')).toBeUndefined();
    clock.advance(240_000);
    expect(refusedFor(attempts, '192.0.2.1')).toBeUndefined();
  });

  it('count an IPv6 line as one peer, and an IPv4 peer the same in both notations', () => {
    const attempts = new Attempts(new ManualClock());
    for (let n = 0; n < 10; n += 1) attempts.failed(`2001:db8:0:7::${n.toString(16)}`);
    expect(refusedFor(attempts, '2001:0db8::7:ffff:1:2:3')).toBe(300);
    expect(refusedFor(attempts, '2001:db8:0:8::1')).toBeUndefined();
    for (let n = 0; n < 10; n += 1) attempts.failed('::ffff:192.0.2.9');
    expect(refusedFor(attempts, '192.0.2.9')).toBe(300);
  });

  it('from many peers at one key stop too', () => {
    const attempts = new Attempts(new ManualClock());
    for (let n = 0; n < 50; n += 1) attempts.failed(`198.51.100.${n}`, 'tdm_AAAAAAAAxyz');
    expect(refusedFor(attempts, '203.0.113.1', 'tdm_AAAAAAAA123')).toBe(300);
    expect(refusedFor(attempts, '203.0.113.1', 'tdm_BBBBBBBB123')).toBeUndefined();
  });

  it('never take more memory than for 20,000 peers', () => {
    const attempts = new Attempts(new ManualClock());
    for (let n = 0; n < 10; n += 1) attempts.failed('peer that comes first');
    for (let n = 0; n < 20_000; n += 1) attempts.failed(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    // The oldest had to go.
    expect(refusedFor(attempts, 'peer that comes first')).toBeUndefined();
  });
});
