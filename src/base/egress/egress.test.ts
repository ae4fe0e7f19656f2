import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Pool } from 'undici';
import { refusedAddress } from './address.ts';
import { checkHost, checkUrl, createConnector, readEgressPolicy, type Resolve } from './index.ts';

const closed = readEgressPolicy(undefined);
const loopback = readEgressPolicy({ allow: ['127.0.0.0/8'] });
const everything = readEgressPolicy({ allow: ['0.0.0.0/0', '::/0'] });

describe('a URL by itself', () => {
  test.each([
    'https://api.openai.com/v1', 'http://8.8.8.8:8000/v1', 'https://[2606:4700:4700::1111]/v1', 'https://müller.example/v1',
  ])('%s is let through', (text) => {
    expect(checkUrl(text, closed)).toBeInstanceOf(URL);
  });

  test.each([
    ['http://127.0.0.1', /loopback/], ['http://127.1', /another way to write 127.0.0.1/], ['http://2130706433', /another way/], ['http://0x7f000001', /another way/],
    ['http://0177.0.0.1', /another way/], ['http://0x7f.0.0.1', /another way/], ['http://１２７.0.0.1', /another way/], ['http://127.0.0.1.', /another way/],
    ['http://%31%32%37.0.0.1', /another way/], ['http://0', /another way/], ['http://0.0.0.0', /unspecified/], ['http://10.1.2.3', /private/],
    ['http://172.31.255.255', /private/], ['http://192.168.0.1', /private/], ['http://169.254.1.1', /link-local/], ['http://100.64.0.1', /carrier-grade/],
    ['http://192.0.2.1', /reserved/], ['http://198.18.0.1', /reserved/], ['http://203.0.113.9', /reserved/], ['http://224.0.0.1', /multicast/], ['http://255.255.255.255', /broadcast/],
    ['http://[::]', /unspecified/], ['http://[::1]', /loopback/], ['http://[fe80::1]', /link-local/], ['http://[fc00::1]', /private/], ['http://[fec0::1]', /reserved/],
    ['http://[::ffff:8.8.8.8]', /inside an IPv6/], ['http://[::127.0.0.1]', /reserved/], ['http://[64:ff9b::7f00:1]', /NAT64/], ['http://[64:ff9b:1::1]', /NAT64/],
    ['http://[2002:7f00:1::]', /6to4/], ['http://[2001:0:1::1]', /Teredo/], ['http://[2001:db8::1]', /reserved/], ['http://[ff02::1]', /multicast/],
    ['http://user@example.com', /user name/], ['http://:pw@example.com', /user name/], ['http://@example.com', /user name/], ['ftp://example.com', /scheme/],
    ['file:///etc/passwd', /scheme/], ['javascript:alert(1)', /scheme/], ['http://exa\tmple.com', /white space/], ['http:\\\\example.com', /backslash/],
    ['not a url', /white space/], ['example', /not a URL/], ['http://', /not a URL/], ['http://[fe80::1%25eth0]', /not a URL/],
    ['http://metadata.google.internal/', /metadata/], ['http://METADATA.google.internal./', /metadata/], ['http://169.254.169.254/latest', /metadata/],
  ])('%s is refused', (text, reason) => {
    expect(() => checkUrl(text, closed)).toThrow(reason);
  });

  test.each(['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::', '::169.254.169.254'])(
    'the metadata address %s stays shut even when everything is open', (address) => {
      expect(refusedAddress(address, everything)).toMatch(/metadata/);
    });

  test('a range that the operator opened is open, and no other', () => {
    expect(checkUrl('http://127.0.0.1:8000/v1', loopback).port).toBe('8000');
    expect(() => checkUrl('http://10.0.0.1', loopback)).toThrow(/private/);
    expect(() => checkUrl('http://[::1]', loopback)).toThrow(/loopback/);
    // Opening a range does not open other ways to write it.
    expect(() => checkUrl('http://2130706433', loopback)).toThrow(/another way/);
    expect(() => checkUrl('http://[::ffff:127.0.0.1]', loopback)).toThrow(/inside/);
  });

  test('no way to write a closed IPv4 address gets through', () => {
    const part = fc.integer({ min: 0, max: 255 });
    const radix = fc.constantFrom((n: number) => String(n), (n: number) => `0x${n.toString(16)}`, (n: number) => `0${n.toString(8)}`);
    const inside = fc.constantFrom([127, 8], [10, 8], [0, 8]).chain(([first]) => fc.tuple(fc.constant(first!), part, part, part));
    fc.assert(fc.property(inside, fc.constantFrom(1, 2, 3, 4), fc.array(radix, { minLength: 4, maxLength: 4 }), ([a, b, c, d], parts, how) => {
      const numbers = parts === 1 ? [((a * 256 + b) * 256 + c) * 256 + d] : parts === 2 ? [a, (b * 256 + c) * 256 + d] : parts === 3 ? [a, b, c * 256 + d] : [a, b, c, d];
      const host = numbers.map((number, index) => how[index]!(number)).join('.');
      expect(() => checkUrl(`http://${host}/v1`, closed)).toThrow(/may not be called/);
    }), { numRuns: 500 });
  });

  test('no IPv6 address outside 2000::/3 is taken, and none that carries a metadata address', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
    fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const first = Number.parseInt(groups[0]!, 16);
      if (first >>> 13 !== 1) expect(refusedAddress(groups.join(':'), closed)).toBeDefined();
    }), { numRuns: 500 });
  });
});

describe('the operator\'s file', () => {
  test.each([
    [{ allow: ['10.0.0.0/33'] }, 'egress.allow[0]'], [{ allow: ['10.0.0.0/8', 7] }, 'egress.allow[1]'], [{ allow: '10.0.0.0/8' }, 'egress.allow'],
    [{ alow: [] }, 'egress.alow'], [[], 'egress'], [{ allow: ['0x7f.1'] }, 'egress.allow[0]'],
  ])('%j is refused with its place', (file, place) => {
    expect(() => readEgressPolicy(file)).toThrow(`TANDEM_CONFIG: ${place} is not valid`);
  });
});

describe('a name\'s addresses', () => {
  const answers = (...addresses: string[]): Resolve => async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const url = new URL('https://gpu.example/v1');

  test('are all checked, not only the first', async () => {
    await checkHost(url, closed, answers('8.8.8.8', '2606:4700::1111'));
    await expect(checkHost(url, closed, answers('8.8.8.8', '10.0.0.1'))).rejects.toThrow('gpu.example leads to an address that is not open: 10.0.0.1 is a private address');
    await expect(checkHost(url, closed, answers('8.8.8.8', '::1'))).rejects.toThrow(/loopback/);
    await expect(checkHost(url, closed, answers())).rejects.toThrow(/no address/);
    await expect(checkHost(url, closed, () => Promise.reject(new Error('ENOTFOUND')))).rejects.toThrow(/no address/);
  });
});

describe('at connect time', () => {
  let server: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    server = createServer((request, response) => response.end(request.headers.host)).on('connection', () => { connections += 1; });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => { server.close(); });

  const get = async (host: string, policy: typeof closed, resolve?: Resolve) => {
    const pool = new Pool(`http://${host}:${port}`, { connect: createConnector({ policy, connectTimeoutMs: 2_000, ...(resolve && { resolve }) }) });
    try {
      return await (await pool.request({ method: 'GET', path: '/' })).body.text();
    } finally {
      await pool.destroy();
    }
  };

  test('a name that changes its answer after the check (rebinding) is not connected', async () => {
    let asked = 0;
    const rebinding: Resolve = async () => (asked++ === 0 ? [{ address: '8.8.8.8', family: 4 }] : [{ address: '127.0.0.1', family: 4 }]);
    await checkHost(new URL(`http://gpu.example:${port}`), closed, rebinding);
    const before = connections;
    await expect(get('gpu.example', closed, rebinding)).rejects.toThrow(/gpu.example leads to an address that is not open: 127.0.0.1 is a loopback address/);
    expect([asked, connections]).toEqual([2, before]);
  });

  test('the checked address is the one that is connected, under the name\'s own host header', async () => {
    expect(await get('gpu.example', loopback, async () => [{ address: '127.0.0.1', family: 4 }])).toBe(`gpu.example:${port}`);
  });

  test('a literal address, which is never looked up, is checked too', async () => {
    const before = connections;
    await expect(get('127.0.0.1', closed)).rejects.toThrow(/loopback/);
    expect(connections).toBe(before);
    expect(await get('127.0.0.1', loopback)).toBe(`127.0.0.1:${port}`);
  });

  test('the system\'s own resolver is held to the same check', async () => {
    await expect(get('localhost', closed)).rejects.toThrow(/localhost leads to an address that is not open: .* is a loopback address/);
  });
});
