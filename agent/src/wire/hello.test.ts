import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cuttingPair } from '../testing/cutting-pair.ts';
import { agree, readHello, refuseHello, sendHello, VERSIONS_BACK } from './hello.ts';

const never = new AbortController().signal;

describe('the hello', () => {
  it('finds the newest version that both sides speak, as far back as a server goes', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (server, agent) => {
      const found = agree({ least: Math.max(1, server - VERSIONS_BACK), most: server }, { least: Math.max(1, agent - VERSIONS_BACK), most: agent });
      if (server - agent > VERSIONS_BACK) expect(found).toEqual({ update: 'agent' });
      else if (agent - server > VERSIONS_BACK) expect(found).toEqual({ update: 'server' });
      else expect(found).toEqual({ protocol: Math.min(server, agent) });
    }));
  });

  it('is read with what came after it, over any cuts', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }), async (cuts) => {
      const [here, there] = cuttingPair(cuts);
      sendHello(there, { protocol: 1, name: 'gpu-1' });
      there.write('after');
      const { hello, rest } = await readHello(here, never);
      expect(hello).toEqual({ protocol: 1, name: 'gpu-1' });
      let after = rest.toString();
      here.on('data', (chunk: Buffer) => { after += chunk.toString(); }).resume();
      while (after.length < 5) await new Promise((resolve) => { setImmediate(resolve); });
      expect(after).toBe('after');
    }), { numRuns: 30 });
  });

  it('may be refused, with the reason', async () => {
    const [here, there] = cuttingPair();
    refuseHello(there, 'quarantined', 'two connections with one identity');
    await expect(readHello(here, never)).rejects.toMatchObject({ code: 'quarantined', message: 'two connections with one identity' });
    const [other, silent] = cuttingPair();
    silent.destroy();
    await expect(readHello(other, never)).rejects.toMatchObject({ code: 'closed' });
    await expect(readHello(cuttingPair()[0], AbortSignal.abort())).rejects.toMatchObject({ code: 'timeout' });
  });
});
