import { expect, it } from 'vitest';
import { watchLine } from './watch-line.ts';

/** A session that answers while the test lets it, in time that the test makes: each wait is over at once and has taken as long as it was to. */
function bench({ urgent, pings = false }: { readonly urgent: boolean; /** Whether the server says something each five seconds. */ readonly pings?: boolean }) {
  const over = new AbortController();
  const seen = { nowMs: 0, dials: [] as number[], pings: 0, closed: null as string | null, destroyed: 0 };
  const session = {
    framesIn: 0,
    hears: true,
    unanswered: [] as (() => void)[],
    async ping() {
      seen.pings += 1;
      if (!session.hears) return new Promise<void>((resolve) => { session.unanswered.push(resolve); });
      session.framesIn += 1;
    },
    hearsAgain() {
      session.hears = true;
      session.framesIn += session.unanswered.length;
      for (const resolve of session.unanswered.splice(0)) resolve();
    },
    close(code: string) {
      seen.closed = code;
      over.abort(new Error('closed'));
    },
  };
  const network = { up: true, atMs: (_nowMs: number): void => {} };
  const done = watchLine(session, {
    urgent: () => urgent, signal: over.signal,
    outside: {
      bootMs: () => seen.nowMs, random: () => 0.5,
      async wait(ms) {
        seen.nowMs += ms;
        network.atMs(seen.nowMs);
        if (pings && session.hears && Math.floor(seen.nowMs / 5_000) > Math.floor((seen.nowMs - ms) / 5_000)) session.framesIn += 1;
        await Promise.resolve();
      },
    },
    async dial() {
      seen.dials.push(seen.nowMs);
      // As long as TCP is given.
      if (!network.up) seen.nowMs += 3_000;
      if (!network.up) throw new Error('the server did not answer in time');
      return { destroy: () => { seen.destroyed += 1; } };
    },
  });
  return { over, seen, session, network, done };
}

it('a line that answers is left alone', async () => {
  for (const urgent of [true, false]) {
    const { over, seen, network, done } = bench({ urgent, pings: true });
    network.atMs = (nowMs) => { if (nowMs > 600_000) over.abort(new Error('enough')); };
    expect(await done).toBeUndefined();
    expect([seen.dials, seen.closed]).toEqual([[], null]);
    expect(seen.pings).toBe(urgent ? 600 : 0);
  }
});

it('one that goes quiet while somebody\'s lease is here is replaced seconds later, and an hour of other quiet within half a minute', async () => {
  for (const [urgent, dialledMs] of [[true, 4_000], [false, 13_000]] as const) {
    const { seen, session, done } = bench({ urgent });
    session.hears = false;
    expect(await done).toBeDefined();
    expect(seen.dials).toEqual([dialledMs]);
    expect(seen.destroyed).toBe(0);
  }
});

it('after a cut another one is there a few seconds after the network is, however long the old one would take', async () => {
  const { seen, session, network, done } = bench({ urgent: true });
  session.hears = false;
  network.up = false;
  network.atMs = (nowMs) => { network.up = nowMs >= 16_000; };
  expect(await done).toBeDefined();
  expect(seen.dials.at(-1)! - 16_000).toBeLessThanOrEqual(4_000);
});

it('a server that was only busy keeps its connection', async () => {
  const { over, seen, session, network, done } = bench({ urgent: true });
  session.hears = false;
  network.atMs = (nowMs) => {
    // It answers while the other connection is being made.
    if (seen.dials.length === 1) session.hearsAgain();
    if (nowMs > 60_000) over.abort(new Error('enough'));
  };
  expect(await done).toBeUndefined();
  expect([seen.dials.length, seen.destroyed, seen.closed]).toEqual([1, 1, null]);
});

it('without any way to the server the session ends after 25 seconds', async () => {
  const { seen, session, network, done } = bench({ urgent: true });
  session.hears = false;
  network.up = false;
  expect(await done).toBeUndefined();
  expect(seen.closed).toBe('silent');
  expect(seen.nowMs).toBeLessThan(32_000);
});
