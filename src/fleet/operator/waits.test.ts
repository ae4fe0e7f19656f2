import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changesOf, minutesOf, waitsNow } from './waits.ts';

const at = new Date(0);
const node = { id: 'n', name: 'gpu-1', approved_at: at, quarantined_at: null, quarantine_reason: null, health: 'ok' as const, health_reasons: [], wanted: 'serve' as const, last_seen_at: at };
const order = { id: 'o', offer: 'M4-M', provider: 'paris', observed: 'ready' as const, reason: null, turn: 1 };
const step = { order_id: 'o', turn: 1, state: 'person' as const, reason: 'lets nobody in' };
const kinds = (...given: Parameters<typeof waitsNow>) => waitsNow(...given).map(({ kind, detail }) => [kind, detail]);

it('a machine waits for a person while it is quarantined, sick, or for others and not approved', () => {
  expect(kinds([node], () => true, [], [])).toEqual([]);
  expect(kinds([{ ...node, approved_at: null }], () => true, [], [])).toMatchObject([['approval', expect.any(String)]]);
  // For its owner alone it needs nobody's approval.
  expect(kinds([{ ...node, approved_at: null }], () => false, [], [])).toEqual([]);
  expect(kinds([{ ...node, health: 'sick', health_reasons: ['GPU 3 is lost'] }], () => true, [], [])).toEqual([['sick', 'GPU 3 is lost']]);
  expect(kinds([{ ...node, health: 'sick', quarantined_at: at, quarantine_reason: 'two live connections' }], () => true, [], [])).toEqual([['quarantined', 'two live connections']]);
  // Somebody took it out of use on purpose.
  expect(kinds([{ ...node, health: 'sick', wanted: 'maintain' }], () => true, [], [])).toEqual([]);
});

it('an order waits for a person at a step of this delivery, or when the provider gives up', () => {
  expect(kinds([], () => true, [order], [step])).toEqual([['order', 'lets nobody in']]);
  expect(kinds([], () => true, [order], [{ ...step, turn: 0 }, { ...step, state: 'waiting' }])).toEqual([]);
  expect(kinds([], () => true, [{ ...order, observed: 'failed', reason: 'error' }], [])).toEqual([['order', 'error']]);
});

it('what is open becomes what waits, and once more changes nothing', () => {
  const subject = fc.constantFrom('a', 'b', 'c', 'd');
  const wait = fc.record({ kind: fc.constantFrom('sick' as const, 'order' as const), subject, name: fc.constant('n'), detail: fc.constant('') });
  const distinct = { selector: ({ kind, subject: one }: { kind: string; subject: string }) => `${kind} ${one}` };
  fc.assert(fc.property(fc.uniqueArray(wait, distinct), fc.uniqueArray(wait, distinct), (before, now) => {
    const open = before.map((one, id) => ({ ...one, id: String(id) }));
    const { begin, end } = changesOf(open, now);
    const after = [...open.filter(({ id }) => !end.includes(id)), ...begin.map((one, id) => ({ ...one, id: `new ${id}` }))];
    expect(after.map(({ kind, subject: one }) => `${kind} ${one}`).toSorted()).toEqual(now.map(({ kind, subject: one }) => `${kind} ${one}`).toSorted());
    expect(changesOf(after, now)).toEqual({ begin: [], end: [] });
  }));
});

it('a step takes no minutes, and a stretch its started ones', () => {
  const until = new Date(61_000);
  expect([minutesOf({ kind: 'step', since: at, until }, 0), minutesOf({ kind: 'sick', since: at, until }, 0), minutesOf({ kind: 'sick', since: at, until: null }, 180_000)]).toEqual([0, 2, 3]);
});
