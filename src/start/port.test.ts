import { mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lockHome } from '../base/index.ts';
import { checkAddress } from './port.ts';

const taken = createServer();
const home = mkdtempSync(join(tmpdir(), 'tandem-port-'));
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => taken.listen({ host: '127.0.0.1', port: 0 }, resolve));
  ({ port } = taken.address() as AddressInfo);
});
afterAll(() => taken.close());

it('names a port that another program has, and one to use instead', async () => {
  await expect(checkAddress({ host: '127.0.0.1', port, home })).rejects.toMatchObject({ code: 'port_taken', message: expect.stringContaining(String(port)), next: expect.stringContaining('TANDEM_PORT=') });
});

it('names the process instead when it is the same home that runs already', async () => {
  const lock = await lockHome(home);
  try {
    await expect(checkAddress({ host: '127.0.0.1', port, home })).rejects.toMatchObject({ code: 'home_in_use', facts: { pid: process.pid } });
  } finally {
    lock.release();
  }
});

it('says when the host is no address of this machine', async () => {
  await expect(checkAddress({ host: '192.0.2.1', port, home })).rejects.toMatchObject({ code: 'setting_invalid' });
});

it('takes any free port when it is asked for port 0', async () => {
  await expect(checkAddress({ host: '127.0.0.1', port: 0, home })).resolves.toBeUndefined();
});
