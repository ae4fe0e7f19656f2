import type { Server } from 'node:http';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CliError } from '../cli-error.ts';
import { run, stubServer } from '../testing/terminal.ts';
import { called, hostForm } from './called.ts';

const A = '0192f0c1-0000-7000-8000-000000000001';
const B = '0192f0c1-0000-7000-8000-000000000002';
const C = '0192f0c1-1111-7000-8000-000000000003';
const items = [{ id: A, name: 'train', over: false }, { id: B, name: 'gpu lease', over: true }, { id: C, name: 'gpu lease', over: false }];
const kind = { noun: 'lease', list: 'tandem leases', isOver: ({ over }: { over: boolean }) => over };
const find = (word: string, all = items) => called(all, word, kind).id;
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return `${error.code} ${error.message}`;
  }
  return 'nothing was thrown';
};

describe('what a word calls', () => {
  it('is the id, then the name, then the name in host names, then the beginning of the id', () => {
    expect([A, A.toUpperCase(), 'train', 'TRAIN', 'gpu lease', 'GPU-lease', '0192f0c1-1', C.slice(0, 35)].map((word) => find(word))).toEqual([A, A, A, A, C, C, C, C]);
    // A name that looks like the beginning of another's id is that name.
    expect(find('0192f0c1', [...items, { id: 'f', name: '0192f0c1', over: false }])).toBe('f');
  });

  it('is one that still goes on rather than one that is over, and an ended one where there is no other', () => {
    expect([find('gpu lease'), find('gpu lease', items.slice(0, 2))]).toEqual([C, B]);
  });

  it('is never guessed', () => {
    expect(codeOf(() => find('0192f'))).toContain('resource_not_found There is no lease 0192f.');
    expect(codeOf(() => find('tra'))).toContain('resource_not_found');
    const live = items.map((item) => ({ ...item, over: false }));
    expect(codeOf(() => find('gpu-lease', live))).toBe(`ambiguous gpu-lease may be 2 leases: ${B} (gpu lease); ${C} (gpu lease).`);
    expect(codeOf(() => find('train', Array.from({ length: 9 }, (_, at) => ({ id: `${at}`, name: 'train', over: false }))))).toContain('and 4 more.');
  });

  it('stands in host names as letters, digits and dashes alone', () => {
    expect(['gpu lease', ' Train, the 2nd! ', 'Ünï', '日本', 'a--b'].map(hostForm)).toEqual(['gpu-lease', 'train-the-2nd', 'n', '', 'a-b']);
  });
});

describe('verbs of leases', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  it('ask for a lease by its name, and list those that it may be', async () => {
    const lease = (id: string, state: string) => ({ id, name: 'train', state, count: 2, resource: 'gpu/h100-80gb' });
    const stub = await stubServer({
      'GET /api/leases?called=train&limit=500': { json: { items: [lease(A, 'running'), lease(B, 'ended')], nextCursor: null } },
      'GET /api/leases?called=two&limit=500': { json: { items: [{ ...lease(A, 'running'), name: 'two' }, { ...lease(C, 'waiting'), name: 'two' }], nextCursor: null } },
      [`GET /api/leases/${A}/contents`]: { json: { items: [], nextCursor: null } }, [`POST /api/leases/${A}/end`]: { json: { name: 'train', cost: { soFar: '0', currency: 'USD' } } },
    });
    ({ server } = stub);
    const env = { TANDEM_URL: stub.url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
    expect(await run(['leases', 'end', 'train'], env)).toMatchObject({ code: 0, out: expect.stringContaining('train ends') as string });
    const unclear = await run(['ssh', 'two.tandem'], env);
    expect(unclear).toMatchObject({ code: 1, out: '' });
    for (const part of [`two may be 2 leases: ${A} (two, running, 2 × gpu/h100-80gb); ${C} (two, waiting,`, 'tandem leases']) expect(unclear.err).toContain(part);
    expect(await run(['ssh', 'pass', 'gpu lease.tandem'], env)).toMatchObject({ code: 2, err: expect.stringContaining('gpu-lease.tandem') as string });
  });
});
