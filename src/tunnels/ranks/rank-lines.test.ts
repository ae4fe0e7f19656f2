import { duplexPair, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Session } from '../../../agent/src/wire/index.ts';
import { ManualClock, TandemError, silentLogger } from '../../base/index.ts';
import type { NodeStream } from '../../fleet/index.ts';
import { LeaseRankLines } from './rank-lines.ts';

/** A stand-in for the link to machines, inside the test's process: it keeps both ends of what is opened. */
class StandInLink {
  readonly opened: { readonly nodeId: string; readonly kind: NodeStream; readonly params: Readonly<Record<string, unknown>>; readonly end: Duplex }[] = [];
  readonly sessions = new Map<string, Session>();
  refuses: string | undefined;

  async open(nodeId: string, kind: NodeStream, params: Readonly<Record<string, unknown>>): Promise<Duplex> {
    if (this.refuses !== undefined) throw new TandemError('node_refused', { params: { name: nodeId, reason: 'no' }, detail: this.refuses });
    const [here, there] = duplexPair();
    this.opened.push({ nodeId, kind, params, end: there });
    if (kind === 'ranks') this.sessions.set(`${String(params['lease'])} ${nodeId}`, new Session({ socket: there, side: 'agent', handlers: { answer: async () => ({}), accept: async () => {}, event: () => {}, closed: () => {} } }));
    return here;
  }
}

let lines: LeaseRankLines;
let link: StandInLink;
let clock: ManualClock;
const leases = [{ leaseId: 'mine', fence: 4n, machineIds: ['a', 'b'] }, { leaseId: 'theirs', fence: 5n, machineIds: ['c', 'd'] }];
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns += 1) await turn();
};
const open = async (kept = leases): Promise<void> => {
  link = new StandInLink();
  clock = new ManualClock();
  lines = new LeaseRankLines({ link, clock, log: silentLogger });
  lines.keep(kept);
  await settle();
};
afterEach(() => lines.stop());

it('leads to a port of another rank of the same lease, and carries both ways', async () => {
  await open();
  expect([lines.state('mine', 0), lines.state('mine', 1), lines.state('mine', 2), lines.state('other', 0)]).toEqual(['ready', 'ready', 'waits', 'waits']);
  const asked = link.sessions.get('mine a')!.open('rank', { rank: 1, port: 29_500 });
  await settle();
  const { nodeId, kind, params, end } = link.opened.at(-1)!;
  expect([nodeId, kind, params]).toEqual(['b', 'rank', { lease: 'mine', fence: '4', port: 29_500 }]);
  asked.end('ping');
  expect(await text(end)).toBe('ping');
  end.end('pong');
  expect(await text(asked)).toBe('pong');
});

it('leads nowhere else, whatever a machine says', async () => {
  await open();
  const session = link.sessions.get('mine a')!;
  const before = link.opened.length;
  const wrong = [
    ['rank', { rank: 0, port: 80 }], ['rank', { rank: 2, port: 80 }], ['rank', { rank: -1, port: 80 }], ['rank', { rank: 1, port: 0 }], ['rank', { rank: 1, port: 70_000 }], ['rank', { rank: '1', port: 80 }], ['rank', {}],
    ['port', { rank: 1, port: 80 }], ['ssh', {}], ['ranks', { lease: 'theirs' }],
  ] as const;
  for (const [name, params] of wrong) {
    const stream = session.open(name, params);
    await expect(text(stream), JSON.stringify([name, params])).rejects.toThrow();
  }
  await expect(session.ask('lease.grant', {})).rejects.toMatchObject({ code: 'unknown_command' });
  expect(link.opened.length).toBe(before);
  // What names another lease is no more than words: the way goes to its own.
  session.open('rank', { rank: 1, port: 80, lease: 'theirs', fence: '5', node: 'c' }).on('error', () => {});
  await settle();
  expect(link.opened.at(-1)).toMatchObject({ nodeId: 'b', params: { lease: 'mine', fence: '4' } });
});

it('ends with the lease, is had again where it was lost, and says where a machine can never have it', async () => {
  await open();
  lines.keep([leases[1]!]);
  await settle();
  expect([link.sessions.get('mine a')!.over, link.sessions.get('theirs c')!.over, lines.state('mine', 0)]).toEqual([true, false, 'waits']);
  link.sessions.get('theirs c')!.close('gone');
  await settle();
  expect(lines.state('theirs', 0)).toBe('waits');
  lines.keep([leases[1]!]);
  await settle();
  expect(lines.state('theirs', 0)).toBe('waits');
  clock.advance(2_000);
  lines.keep([leases[1]!]);
  await settle();
  expect(lines.state('theirs', 0)).toBe('ready');
  link.refuses = 'unknown_stream';
  lines.keep([{ leaseId: 'old', fence: 6n, machineIds: ['e', 'f'] }]);
  await settle();
  expect(lines.state('old', 0)).toEqual({ refused: 'its agent is of a release that has no jobs over several machines' });
  // Granted anew it is another lease to its machines.
  link.refuses = undefined;
  lines.keep([{ leaseId: 'old', fence: 7n, machineIds: ['e', 'f'] }]);
  await settle();
  expect([lines.state('old', 0), link.opened.at(-1)!.params]).toEqual(['ready', { lease: 'old', fence: '7' }]);
});
