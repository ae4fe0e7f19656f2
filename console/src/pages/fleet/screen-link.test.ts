import { expect, it } from 'vitest';
import { ApiError, asApiError } from '../../api/client.ts';
import { keepScreen, waitBefore } from './screen-link.ts';
import type { Rfb, ScreenState } from './screen-link.ts';

/** Stands in for noVNC's client: only its events. */
class StandIn extends EventTarget implements Rfb {
  viewOnly = false;
  scaleViewport = false;
  resizeSession = false;
  clipViewport = false;
  dragViewport = false;
  ended = false;
  disconnect(): void {
    this.ended = true;
  }
  focus(): void {}
  sendKey(): void {}
  clipboardPasteFrom(): void {}
}

function stage(answers: readonly (string | ApiError)[]) {
  const said: ScreenState[] = [];
  const opened: { ticket: string; rfb: StandIn }[] = [];
  const due: (() => void)[] = [];
  const left = [...answers];
  const room = { over: false };
  const end = keepScreen({
    ticket: async () => {
      const answer = left.shift() ?? 'more';
      if (typeof answer !== 'string') throw answer;
      return answer;
    },
    open: (ticket) => {
      const rfb = new StandIn();
      opened.push({ ticket, rfb });
      return rfb;
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
  opened[0]!.rfb.dispatchEvent(new Event('connect'));
  expect(last()).toEqual({ kind: 'open' });
  opened[0]!.rfb.dispatchEvent(new Event('disconnect'));
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
  opened[0]!.rfb.dispatchEvent(new Event('disconnect'));
  expect(said.at(-1)).toEqual({ kind: 'connecting' });
  const left = stage(['one']);
  await left.settle();
  left.end();
  expect(left.opened[0]!.rfb.ended).toBe(true);
  left.opened[0]!.rfb.dispatchEvent(new Event('disconnect'));
  expect(left.due).toHaveLength(0);
});
