import { expect, test } from 'vitest';
import { ManualClock, newId } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { HookCaller } from './hook-caller.ts';
import { readAnswer } from './hook-answer.ts';

const hook = { id: newId(), name: 'guard', projectId: null, url: 'http://rebound.example/check', stage: 'request' as const, secrets: () => ['whsec_AAAA'], deadlineMs: 1_000, onFailure: 'closed' as const };

test('no closed address is called, whatever its name said when it was entered', async () => {
  const caller = new HookCaller({ policy: readEgressPolicy(undefined), clock: new ManualClock(Date.now()), resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  const left = new AbortController().signal;
  expect(await caller.ask(hook, 'request', newId(), {}, left)).toEqual({ problem: 'its address may not be called' });
  expect(await caller.ask({ ...hook, url: 'http://127.0.0.1/check' }, 'request', newId(), {}, left)).toEqual({ problem: 'its address may not be called' });
  expect(await caller.ask({ ...hook, secrets: () => [] }, 'request', newId(), {}, left)).toEqual({ problem: 'its secret cannot be opened' });
  await caller.close();
});

test('an answer has one of three forms, and annotations that fit into a header', () => {
  expect(readAnswer('{"action":"allow","annotations":{"kind":"ok"}}', 'request')).toEqual({ action: 'allow', annotations: { kind: 'ok' } });
  expect(readAnswer('{"action":"block","reason":"no"}', 'reply')).toEqual({ action: 'block', reason: 'no' });
  expect(readAnswer('{"action":"replace","body":{"model":"m"}}', 'request')).toEqual({ action: 'replace', by: { model: 'm' }, annotations: {} });
  expect(readAnswer('{"action":"replace","reply":"data: 1"}', 'reply')).toEqual({ action: 'replace', by: 'data: 1', annotations: {} });
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, '']));
  for (const wrong of ['', '[]', '{"action":"block"}', '{"action":"replace","reply":""}', '{"action":"allow","annotations":{"a":1}}', '{"action":"allow","annotations":{"A b":""}}', JSON.stringify({ action: 'allow', annotations: many }), JSON.stringify({ action: 'allow', annotations: { a: 'x'.repeat(201) } })]) {
    expect(readAnswer(wrong, 'request'), wrong).toBeUndefined();
  }
});
