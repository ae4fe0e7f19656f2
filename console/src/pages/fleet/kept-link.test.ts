import { expect, it } from 'vitest';
import { ApiError, asApiError } from '../../api/client.ts';
import { keepLink, refusalOf, waitBefore } from './kept-link.ts';
import type { LinkEvents, LinkState } from './kept-link.ts';

/** Stands in for a connection: what it tells is told by the test. */
class StandIn {
  readonly events: LinkEvents;
  ended = false;

  constructor(events: LinkEvents) {
    this.events = events;
  }

  disconnect(): void {
    this.ended = true;
  }
}

function stage(answers: readonly (string | ApiError)[]) {
  const said: LinkState[] = [];
  const opened: { ticket: string; link: StandIn }[] = [];
  const due: (() => void)[] = [];
  const left = [...answers];
  const room = { over: false };
  const end = keepLink<StandIn>({
    ticket: async () => {
      const answer = left.shift() ?? 'more';
      if (typeof answer !== 'string') throw answer;
      return answer;
    },
    open: (ticket, events) => {
      const link = new StandIn(events);
      opened.push({ ticket, link });
      return link;
    },
    over: () => room.over, later: (run) => {
      due.push(run);
      return () => undefined;
    },
    asError: asApiError, told: (state) => said.push(state),
  });
  // Promises alone stand between the steps: some turns of them are all that has to pass.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { said, opened, due, room, end, settle, last: () => said.at(-1) };
}
const refusal = (status: number): ApiError => new ApiError(status, { code: 'x', message: 'No.', next: '' });

it('waits longer each time, up to a quarter of a minute', () => {
  expect([1, 2, 3, 5, 8].map(waitBefore)).toEqual([500, 1000, 2000, 8000, 15_000]);
});

it('opens anew with a new ticket when the connection is lost', async () => {
  const { opened, due, settle, last } = stage(['one', 'two']);
  await settle();
  opened[0]!.link.events.connected();
  expect(last()).toEqual({ kind: 'open' });
  opened[0]!.link.events.lost();
  expect(last()).toEqual({ kind: 'again', attempt: 1, inMs: 500 });
  due.shift()!();
  await settle();
  expect(opened.map(({ ticket }) => ticket)).toEqual(['one', 'two']);
});

it('stops where it may not, tries on where nobody answered, and gives up at last', async () => {
  const refused = stage([refusal(403)]);
  await refused.settle();
  expect(refused.last()).toMatchObject({ kind: 'refused' });
  const away = stage(Array.from({ length: 20 }, (_, index) => refusal(index === 0 ? 0 : 503)));
  await away.settle();
  for (let run = away.due.shift(); run; run = away.due.shift()) {
    run();
    await away.settle();
  }
  expect(away.said.filter(({ kind }) => kind === 'again')).toHaveLength(8);
  expect(away.last()).toEqual({ kind: 'given-up' });
});

it('tries no more when the lease is over or the page is left', async () => {
  const { opened, room, settle, said } = stage(['one']);
  await settle();
  room.over = true;
  opened[0]!.link.events.lost();
  expect(said.at(-1)).toEqual({ kind: 'connecting' });
  const left = stage(['one']);
  await left.settle();
  left.end();
  expect(left.opened[0]!.link.ended).toBe(true);
  left.opened[0]!.link.events.lost();
  expect(left.due).toHaveLength(0);
});

it('says what the server said when it ended a socket, and goes on where that passes', async () => {
  expect(refusalOf({ code: 4409, reason: 'screen_in_use: Ravi has the screen of this lease open.' })).toMatchObject({ status: 409, code: 'screen_in_use', message: 'Ravi has the screen of this lease open.' });
  expect(refusalOf({ code: 4403, reason: '' })).toMatchObject({ status: 403, message: 'The server refused it.' });
  for (const code of [1000, 1006, 1013, 4408, 4429, 4503]) expect(refusalOf({ code, reason: 'x' })).toBeUndefined();
  const { opened, due, settle, last } = stage(['one']);
  await settle();
  opened[0]!.link.events.lost(refusalOf({ code: 4403, reason: 'ticket_invalid: Used.' }));
  opened[0]!.link.events.lost();
  expect([last(), due.length]).toEqual([expect.objectContaining({ kind: 'refused' }), 0]);
  const over = stage(['one']);
  await over.settle();
  over.opened[0]!.link.events.ended();
  over.opened[0]!.link.events.lost();
  expect([over.last(), over.due.length]).toEqual([{ kind: 'ended' }, 0]);
});
