import { describe, expect, it } from 'vitest';
import { openHttpHouse } from '../testing/house.ts';

/** Reads events until one satisfies; the stream's end reads as undefined. */
async function until(reader: ReadableStreamDefaultReader<Uint8Array>, type: string): Promise<boolean> {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    text += decoder.decode(value, { stream: true });
    if (text.includes(`"type":"${type}"`)) return true;
  }
}

describe('the stream of changes', () => {
  it('tells what changed, and to whom it concerns alone', async () => {
    await using house = await openHttpHouse();
    const reply = await fetch(`${house.url}/api/live`, { headers: { authorization: `Bearer ${house.adminKey}` } });
    expect([reply.status, reply.headers.get('content-type'), reply.headers.get('cache-control')]).toEqual([200, 'text/event-stream', 'no-store']);
    const reader = reply.body!.getReader();
    expect(await until(reader, 'heartbeat')).toBe(true);
    const tell = (channel: string, payload: string) => house.database.notify(house.database.unscoped('a test'), channel, payload);
    await tell('usage', '01900000-0000-7000-8000-00000000dead');
    await tell('prices', house.organisationId);
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('"models"')) text += decoder.decode((await reader.read()).value, { stream: true });
    expect(text).not.toContain('"usage"');
    for (const whose of [`01900000-0000-7000-8000-00000000dead,${house.organisationId}`, 'all']) {
      await tell('usage', whose);
      expect(await until(reader, 'usage')).toBe(true);
    }
    for (const [channel, type] of [['lease_pages', 'leases'], ['node_pages', 'nodes']] as const) {
      await tell(channel, '01900000-0000-7000-8000-00000000dead');
      await tell(channel, house.organisationId);
      expect(await until(reader, type)).toBe(true);
    }
    // What names a budget, and no organisation, is for everybody.
    await tell('budgets', '01900000-0000-7000-8000-00000000dead');
    expect(await until(reader, 'keys')).toBe(true);
    await reader.cancel();
  });

  it('ends within a second of the end of its key or session', async () => {
    await using house = await openHttpHouse();
    const { key, secret } = (await house.ask('POST', '/api/keys', { name: 'short' })).body as { key: { id: string }; secret: string };
    const login = await house.ask('POST', '/api/login/key', { key: house.adminKey }, {});
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    const readers = await Promise.all([{ authorization: `Bearer ${secret}` }, { cookie }].map(async (headers) =>
      (await fetch(`${house.url}/api/live`, { headers: headers as Record<string, string> })).body!.getReader()));
    const beganMs = performance.now();
    await house.ask('DELETE', `/api/keys/${key.id}`);
    await house.ask('POST', '/api/logout', undefined, { cookie, 'x-tandem-csrf': '1' });
    for (const reader of readers) expect(await until(reader, 'never')).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(1_500);
  });

  it('is for signed-in callers', async () => {
    await using house = await openHttpHouse();
    expect((await house.ask('GET', '/api/live', undefined, {})).status).toBe(401);
  });
});
